# needs: compiler
"$EAIC" ops > ops.txt
grep -E '^ai.onnx +(Conv|Clip|Relu) ' ops.txt
grep -cE '^com.microsoft +QLinear' ops.txt
