
BprobabilitiesJ(t%i6ΈnΌ5pχ3@‰ώ.Β¨ 6¬E‘3Vÿ?»Υπ+²z‘4m2Π.