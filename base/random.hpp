#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace klaw {

/// Randomness for jitter and for unguessable tokens; injected so that tests are repeatable.
class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
    /// Uniform in [0, 1).
    double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// `bytes` random bytes as URL-safe base64 without padding.
    std::string token(std::size_t bytes);
};

/// The operating system's cryptographic generator.
class SystemRandom final : public Random {
public:
    std::uint64_t next() override;
};

/// Repeatable, for tests and replay.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t next() override { return engine_(); }

private:
    std::mt19937_64 engine_;
};

}  // namespace klaw
