// Watch lines and list pages of any bytes: no crash, and what is accepted is projected as the reference does.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "agent/observe/projector.hpp"
#include "test/unit/observe/reference_projection.hpp"

namespace {

using klaw::observe::Projection;
using klaw::observe::Projector;
using nlohmann::json;

klaw::rules::FieldTree fields() {
    klaw::rules::FieldTree tree;
    for (const auto* path : {"kind", "metadata.labels", "spec.containers[].name", "spec.containers[].ports",
                             "status.phase", "status.conditions[].status", "a", "b.c"})
        tree.add(path);
    return tree;
}

/// The document; discarded when it is malformed or has a key twice, where readers may differ.
json parseWithoutTwins(std::string_view text) {
    std::vector<std::set<std::string>> keys;
    bool twins = false;
    auto document = json::parse(
        text,
        [&](int, json::parse_event_t event, json& value) {
            if (event == json::parse_event_t::object_start) keys.emplace_back();
            if (event == json::parse_event_t::object_end) keys.pop_back();
            if (event == json::parse_event_t::key) twins |= !keys.back().insert(value.get<std::string>()).second;
            return true;
        },
        false);
    return twins ? json(json::value_t::discarded) : document;
}

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

void checkObject(const Projection& projection, klaw::PackedView object) {
    auto text = object.toJson();
    require(json::accept(text), "a packed object is valid JSON");
    klaw::PackedWriter writer;
    projection.project(object, writer);
    require(writer.bytes() == object.bytes(), "a projection of the projected changes nothing");
}

void checkEvent(const klaw::observe::ProjectedEvent& event, std::string_view line) {
    using Type = klaw::observe::ProjectedEvent::Type;
    if (event.type == Type::Bookmark || event.type == Type::Error) return;
    auto document = parseWithoutTwins(line);
    if (document.is_discarded()) return;  // broken where nothing is read
    auto expected = klaw::observe::test::referenceProjection(fields(), document["object"]);
    require(json::parse(event.object.object.toJson()) == expected, "the projection is the reference's");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static Projector remembering(Projection(fields()), nullptr);
    // The first byte chooses between a fresh projector and one that has learned shapes from other inputs.
    Projector fresh(Projection(fields()), nullptr);
    auto& projector = data[0] & 1 ? remembering : fresh;
    // Exactly as large as promised, so that a read behind the padding is noticed.
    std::vector<char> bytes(data + 1, data + size);
    bytes.resize(size - 1 + 64, '}');
    klaw::kube::PaddedText text{bytes.data(), size - 1, bytes.size()};
    if (data[0] & 2) {
        auto page = projector.page(text, [&](const auto& item) { checkObject(projector.projection(), item.object); });
        (void)page;
        return 0;
    }
    auto event = projector.event(text);
    if (!event) return 0;
    if (event->object.object) checkObject(projector.projection(), event->object.object);
    checkEvent(*event, text.text());
    return 0;
}
