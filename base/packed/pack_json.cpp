#include <nlohmann/json.hpp>

#include "base/packed/packed.hpp"

namespace klaw {
namespace {

/// Writes while parsing, so that no document tree is built.
class Packer : public nlohmann::json::json_sax_t {
public:
    bool null() override { return writer.null(), true; }
    bool boolean(bool value) override { return writer.boolean(value), true; }
    bool number_integer(number_integer_t value) override { return writer.integer(value), true; }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > INT64_MAX)
            writer.number(static_cast<double>(value));
        else
            writer.integer(static_cast<std::int64_t>(value));
        return true;
    }
    bool number_float(number_float_t value, const string_t&) override { return writer.number(value), true; }
    bool string(string_t& value) override { return writer.string(value), true; }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return writer.beginMap(), ++depth < maxDepth; }
    bool key(string_t& name) override {
        if (auto known = FieldName::find(name))
            writer.key(*known);
        else
            writer.inlineKey(name);
        return true;
    }
    bool end_object() override { return writer.endMap(), --depth, true; }
    bool start_array(std::size_t) override { return writer.beginList(), ++depth < maxDepth; }
    bool end_array() override { return writer.endList(), --depth, true; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

    static constexpr int maxDepth = 200;
    PackedWriter writer;
    int depth = 0;
};

}  // namespace

std::optional<PackedObject> packJson(std::string_view json) {
    Packer packer;
    if (!nlohmann::json::sax_parse(json, &packer)) return std::nullopt;
    return packer.writer.take();
}

}  // namespace klaw
