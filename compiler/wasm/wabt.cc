// Validation and the text form. The only use of wabt's C++ interface.
#include <wabt/apply-names.h>
#include <wabt/binary-reader-ir.h>
#include <wabt/binary-reader.h>
#include <wabt/error-formatter.h>
#include <wabt/generate-names.h>
#include <wabt/ir.h>
#include <wabt/stream.h>
#include <wabt/validator.h>
#include <wabt/wat-writer.h>

#include <string>

extern "C" {
#include "wasm/wasm.h"
}

static wabt::Features features_of(enum level level) {
  wabt::Features features;
  features.disable_simd();
  features.disable_bulk_memory();
  features.disable_reference_types();
  features.disable_multi_value();
  if (level >= LEVEL_SIMD128) {
    features.enable_simd();
    features.enable_bulk_memory();
  }
  if (level >= LEVEL_RELAXED) features.enable_relaxed_simd();
  return features;
}

// Reads and validates; the messages on failure, else an empty text.
static std::string load(struct bytes bytes, enum level level, wabt::Module *module) {
  const wabt::Features features = features_of(level);
  wabt::Errors errors;
  const bool read_names = true, stop_on_first_error = true, fail_on_custom_section_error = true;
  const wabt::ReadBinaryOptions options(features, nullptr, read_names, stop_on_first_error,
                                        fail_on_custom_section_error);
  wabt::Result result = wabt::ReadBinaryIr("module", bytes.data, bytes.size, options, &errors, module);
  if (wabt::Succeeded(result))
    result = wabt::ValidateModule(module, &errors, wabt::ValidateOptions(features));
  if (wabt::Succeeded(result)) return "";
  const std::string text = wabt::FormatErrorsToString(errors, wabt::Location::Type::Binary);
  return text.empty() ? "invalid module" : text;
}

extern "C" const char *wasm_validate(struct ctx *c, struct bytes module, enum level level) {
  wabt::Module parsed;
  const std::string errors = load(module, level, &parsed);
  return errors.empty() ? nullptr : ctx_strdup(c, errors.c_str());
}

// The text in `out`, or the messages; C++ objects are gone when the caller leaves through fatal().
static bool to_text(struct ctx *c, struct bytes module, enum level level, struct buffer *out) {
  buffer_init(out, c);
  wabt::Module parsed;
  std::string text = load(module, level, &parsed);
  const bool valid = text.empty();
  if (valid) {
    wabt::GenerateNames(&parsed);
    wabt::ApplyNames(&parsed);
    wabt::MemoryStream stream;
    wabt::WriteWat(&stream, &parsed, wabt::WriteWatOptions());
    const wabt::OutputBuffer &written = stream.output_buffer();
    text.assign(written.data.begin(), written.data.end());
  }
  buffer_append(out, text.data(), text.size());
  return valid;
}

extern "C" struct bytes wasm_to_wat(struct ctx *c, struct bytes module, enum level level) {
  struct buffer out;
  if (!to_text(c, module, level, &out)) fatal(c, nullptr, "invalid module: %s", (const char *)out.data);
  return {out.data, out.size};
}
