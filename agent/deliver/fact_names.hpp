#pragma once

#include <string>
#include <string_view>

namespace klaw::deliver {

/// What a fact of a rule is called on a card. A rule's own names stay as they are written; those of the default rules,
/// and any rule's that uses the same words, are translated. Languages other than "zh…" see the name itself.
std::string factName(std::string_view name, std::string_view language);

}  // namespace klaw::deliver
