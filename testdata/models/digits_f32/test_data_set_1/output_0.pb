
BprobabilitiesJ(ã{H+ú“€1“3êÿ?©)+ ¦U4ñBE,ùà¹3·2<	Š5