#include "agent/access/permit.hpp"

#include "base/digest.hpp"

namespace klaw::access {

std::string digestOf(std::string_view method, std::string_view path, std::string_view body) {
    std::string text;
    for (auto part : {method, path, body}) text.append(std::to_string(part.size())).append(":").append(part);
    return sha256(text);
}

}  // namespace klaw::access
