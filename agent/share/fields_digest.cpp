#include "agent/share/fields_digest.hpp"

#include "base/digest.hpp"

namespace klaw::share {

std::string fieldsDigest(const rules::FieldTree& fields) {
    std::string text;
    for (const auto& path : fields.paths()) text.append(path).append("\n");
    return sha256Hex(text).substr(0, 32);
}

}  // namespace klaw::share
