/* Float functions with the bits that ONNX Runtime computes, for tables of quantized operators: a difference
 * in the last place would move a level in about one table of a hundred. */
#ifndef EAIC_ORT_FLOAT_H
#define EAIC_ORT_FLOAT_H

float ort_sigmoid(float x);
float ort_tanh(float x);
float ort_exp(float x);

#endif
