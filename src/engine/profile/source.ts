/** The publications that the profiles' points were taken from. */

import type { Source } from './shape.ts';

export const llamaBench2026: Source = {
  title: 'llama.cpp benches/dgx-spark/dgx-spark.md (2026-02-05)',
  url: 'https://github.com/ggml-org/llama.cpp/blob/master/benches/dgx-spark/dgx-spark.md',
};

export const llamaBench2025: Source = {
  title: 'llama.cpp benches/dgx-spark/dgx-spark.md (2025-11)',
  url: 'https://github.com/ggml-org/llama.cpp/blob/master/benches/dgx-spark/dgx-spark.md',
};

export const sparkCookbook: Source = { title: 'DGX Spark Cookbook README, "Our Benchmarks"' };

export const benchPrefilling: Source = {
  title: 'DandinPower/llama.cpp_bench prefilling.log',
  url: 'https://github.com/DandinPower/llama.cpp_bench/blob/a1e9514561e9be68982e1905f48808143082013a/dgx_spark/prefilling.log',
};

export const benchDecoding: Source = {
  title: 'DandinPower/llama.cpp_bench decoding.log',
  url: 'https://github.com/DandinPower/llama.cpp_bench/blob/a1e9514561e9be68982e1905f48808143082013a/dgx_spark/decoding.log',
};

export const ollamaKorean: Source = {
  title: 'Ollama model comparison benchmark, NVIDIA DGX Spark (GB10) (Korean, 2026-04-12)',
};

export const ollamaResults: Source = { title: 'DGX Spark Ollama Benchmark Results (2026-01-02)' };

export const ollamaBlog: Source = {
  title: 'NVIDIA DGX Spark performance (Ollama blog, October 2025)',
  url: 'https://ollama.com/blog/nvidia-spark-performance',
};

export const llmfit: Source = {
  title: 'llmfit PR 917: community results for nvidia-gb10',
  url: 'https://github.com/AlexsJones/llmfit/pull/917',
};

export const lmsys: Source = {
  title: 'NVIDIA DGX Spark In-Depth Review (LMSYS, 2025-10-13)',
  url: 'https://lmsys.org/blog/2025-10-13-nvidia-dgx-spark/',
};
