#pragma once

#include <string>

#include "base/error.hpp"

namespace klaw::storage {

/// The trouble is with the disk, the file or the server, not with what was asked: the same may work later.
bool isEnvironmental(const Error& error);

/// What begin() says when the term is not that of this agent any more.
Error overtaken(const std::string& place);
bool isOvertaken(const Error& error);

}  // namespace klaw::storage
