#include "base/packed/field_name.hpp"

#include <deque>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace klaw {
namespace {

constexpr std::size_t maxNames = 65'000;

struct Table {
    std::shared_mutex mutex;
    std::deque<std::string> texts{""};  // id 0 marks a key that is stored beside its value
    std::unordered_map<std::string_view, std::uint16_t> ids;
};

Table& table() {
    static Table instance;
    return instance;
}

}  // namespace

std::optional<FieldName> FieldName::find(std::string_view text) {
    std::shared_lock lock(table().mutex);
    auto found = table().ids.find(text);
    if (found == table().ids.end()) return std::nullopt;
    return FieldName(found->second);
}

FieldName FieldName::of(std::string_view text) {
    if (auto known = find(text)) return *known;
    std::unique_lock lock(table().mutex);
    if (auto found = table().ids.find(text); found != table().ids.end()) return FieldName(found->second);
    if (table().texts.size() >= maxNames) throw std::length_error("more than 65,000 distinct field names");
    auto id = static_cast<std::uint16_t>(table().texts.size());
    const auto& stored = table().texts.emplace_back(text);
    table().ids.emplace(stored, id);
    return FieldName(id);
}

std::string_view FieldName::text() const {
    std::shared_lock lock(table().mutex);
    return table().texts[id_];
}

}  // namespace klaw
