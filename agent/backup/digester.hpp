#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace klaw::backup {

/// SHA-256 of what comes in pieces.
class Digester {
public:
    Digester();
    ~Digester();
    Digester(Digester&&) noexcept;
    Digester& operator=(Digester&&) noexcept;
    void add(std::string_view bytes);
    /// Of everything so far, hexadecimal; more may follow.
    std::string hex() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::backup
