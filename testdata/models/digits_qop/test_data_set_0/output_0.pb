
BprobabilitiesJ(æÿ?ÇM*0‹35õ¹D0wZ 1\C5!ž—0#¯4u+÷1J]³3