#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/observe/json_cursor.hpp"
#include "agent/observe/projection.hpp"

namespace klaw::observe {

/// Writes the projection of one JSON object after the other.
///
/// Objects of one kind have the same keys in nearly the same order. So every map remembers, by its place in the object,
/// which key followed which, and a key is mostly found by one comparison with the expected one, unread keys included.
class ObjectWalker {
public:
    explicit ObjectWalker(Projection projection);
    const Projection& projection() const { return projection_; }

    struct Identity {
        std::string_view uid, name, ns, resourceVersion, kind, apiVersion;
    };
    /// Appends the projected object. `identity` comes in with the kind and apiVersion to write where the object has
    /// none. False for malformed input: see problem().
    bool walk(JsonCursor& cursor, PackedWriter& into, Identity& identity);
    const char* problem() const { return problem_; }

private:
    using Target = Projection::Target;
    /// Functions take where they begin to read and give where they end; null: malformed. What is not worth keeping
    /// writes nothing.
    using Position = JsonText::Position;
    static constexpr std::int32_t none = -1;

    /// A key seen at one place, with what happens to its value.
    struct Slot {
        JsonKey key;
        std::uint64_t lastVisit = 0;  ///< to notice a key that comes twice
        std::int32_t next = none;     ///< the slot that followed last time
        Target target = Projection::skip;
        std::int32_t below = none;  ///< the shape of maps in a value that is kept whole
        std::optional<FieldName> name;
        Projection::Capture capture = Projection::Capture::None;
        bool isSkipped = false;
    };
    /// The keys of the maps at one place: first those the projection names, then others as they came.
    struct Shape {
        std::vector<Slot> slots;
        std::size_t named = 0;
        std::int32_t first = none;
        Slot& at(std::int32_t slot) { return slots[static_cast<std::size_t>(slot)]; }
    };
    static constexpr std::size_t maxOtherKeys = 64;
    static constexpr std::size_t maxOtherKeyLength = 128;
    static constexpr std::size_t maxShapes = 512;
    static constexpr int maxDepth = 200;

    Position value(Target target, bool hold, std::int32_t& below, Position at);
    Position whole(std::int32_t& below, Position at);
    Position scalar(Position at);
    Position map(Shape& shape, const Projection::Node& node, bool hold, Position at);
    Position entries(Shape& shape, const Projection::Node& node, Position at);
    Slot* expectedSlot(Shape& shape, std::int32_t& previous, Position at) const;
    Position unexpectedKey(Shape& shape, const Projection::Node& node, std::int32_t& previous, std::uint64_t visit,
                           Position at);
    Position list(Target elements, std::int32_t& below, Position at);
    Position slotValue(Slot& slot, bool hold, std::uint64_t visit, Position at);
    Position readSlot(Slot& slot, bool hold, Position at);
    Position unknownKey(const Projection::Node& node, std::string_view key, Position at);
    Position kept(std::size_t start, Target target, bool hold, std::int32_t& below, Position at);
    Position skipped(Position at);
    std::int32_t searchSlot(Shape& shape, const Projection::Node& node, std::string_view key);
    static void addSlot(Shape& shape, std::string_view key, Target target, std::optional<FieldName> name,
                        Projection::Capture capture);
    Shape& shapeBelow(std::int32_t& below);
    Position capture(const Slot& slot, Position at);
    void writeTypeMeta();
    Position malformed(const char* problem, Position at);

    Projection projection_;
    Projection::Node wholeNode_;
    std::deque<Shape> shapes_;  ///< of the projection's nodes, then of places in whole values
    Shape unremembered_;        ///< stays empty; for maps beyond maxShapes places
    JsonText text_;
    PackedWriter* out_ = nullptr;
    Identity* identity_ = nullptr;
    const char* problem_ = nullptr;
    Position problemAt_ = nullptr;
    std::uint64_t visits_ = 0;
    int depth_ = 0;
};

}  // namespace klaw::observe
