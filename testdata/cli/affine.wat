;; A module of ours written by hand, so that the runner can be tested without the compiler:
;; y[i] = 2 * x[i] + 1 for three floats; z[0..2] = low bytes of u[0..2] plus 1 (quantized).
(module
  (memory (export "memory") 1)
  (func $step_0 (export "step_0")
    (local $i i32)
    (loop $next
      (f32.store offset=1152 (local.get $i)
        (f32.add (f32.mul (f32.load offset=1024 (local.get $i)) (f32.const 2)) (f32.const 1)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 12)))))
  (func $step_1 (export "step_1")
    (local $i i32)
    (loop $next
      (i32.store8 offset=1216 (local.get $i)
        (i32.add (i32.load8_u offset=1088 (local.get $i)) (i32.const 1)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4)))))
  (func (export "infer") (call $step_0) (call $step_1)))
