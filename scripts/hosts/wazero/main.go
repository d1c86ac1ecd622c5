// Runs a module in wazero: main MODULE IN OUT, or main -wasi MODULE <in >out; -interpreter in place of the compiler.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

type tensor struct{ Offset, Bytes uint32 }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	wasi := flag.Bool("wasi", false, "run _start")
	interpreter := flag.Bool("interpreter", false, "interpret")
	flag.Parse()
	ctx := context.Background()
	config := wazero.NewRuntimeConfigCompiler()
	if *interpreter {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	runtime := wazero.NewRuntimeWithConfig(ctx, config.WithCustomSections(true))
	wasm, err := os.ReadFile(flag.Arg(0))
	check(err)
	compiled, err := runtime.CompileModule(ctx, wasm)
	check(err)
	if *wasi {
		wasi_snapshot_preview1.MustInstantiate(ctx, runtime)
		module := wazero.NewModuleConfig().WithStdin(os.Stdin).WithStdout(os.Stdout).WithStderr(os.Stderr)
		_, err := runtime.InstantiateModule(ctx, compiled, module)
		if exit, ok := err.(*sys.ExitError); ok {
			os.Exit(int(exit.ExitCode()))
		}
		check(err)
		return
	}
	var meta struct{ Inputs, Outputs []tensor }
	for _, section := range compiled.CustomSections() {
		if section.Name() == "eaic" {
			check(json.Unmarshal(section.Data(), &meta))
		}
	}
	module, err := runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
	check(err)
	input, err := os.ReadFile(flag.Arg(1))
	check(err)
	for _, t := range meta.Inputs {
		module.Memory().Write(t.Offset, input[:t.Bytes])
		input = input[t.Bytes:]
	}
	_, err = module.ExportedFunction("infer").Call(ctx)
	check(err)
	var output []byte
	for _, t := range meta.Outputs {
		data, _ := module.Memory().Read(t.Offset, t.Bytes)
		output = append(output, data...)
	}
	check(os.WriteFile(flag.Arg(2), output, 0o644))
}
