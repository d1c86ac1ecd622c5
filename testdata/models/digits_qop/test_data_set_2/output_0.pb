
BprobabilitiesJ(‚Vn60®­5=<
4=!/Ÿ6«E›3Xÿ?a,q)Ž4 îÐ.