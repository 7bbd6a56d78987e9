#pragma once

#include <span>
#include <string_view>

namespace klaw {

/// A file that is part of the program; see cmake/KlawEmbed.cmake.
struct EmbeddedFile {
    std::string_view name;
    std::string_view bytes;
};

}  // namespace klaw
