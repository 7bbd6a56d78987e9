#include "base/packed/field_name.hpp"

#include <array>
#include <atomic>
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
/// The same texts by id: looked up for nearly every key that is read, so without the mutex.
constinit std::array<std::atomic<const std::string*>, 1u << 16> textById{};

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
    textById[id].store(&stored, std::memory_order_release);
    return FieldName(id);
}

std::string_view FieldName::text() const {
    const auto* text = textById[id_].load(std::memory_order_acquire);
    return text ? std::string_view(*text) : std::string_view();
}

}  // namespace klaw
