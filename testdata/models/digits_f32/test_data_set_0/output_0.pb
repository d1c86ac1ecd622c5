
BprobabilitiesJ(äÿ?ÆA0¿Â$5®Às0*Ñ¢1¤qH5´`¥0D«J4ƒ:2ñ¯3