
BprobabilitiesJ(&«+ÄP1ÓLâ2îÿ?ÔÞ*‹u84'¡5,òE›3_+÷1ûZa5