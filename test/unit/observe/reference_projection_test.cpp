#include "test/unit/observe/reference_projection.hpp"

#include <gmock/gmock.h>

#include "agent/observe/projector.hpp"
#include "base/random.hpp"
#include "test/unit/observe/padded.hpp"

namespace klaw::observe::test {
namespace {

using nlohmann::json;

/// Documents and trees over a handful of keys, so that they meet often.
class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    json object() {
        json document = map(4);
        auto& metadata = document["metadata"];
        if (!metadata.is_object()) metadata = json::object();
        for (const auto* key : {"name", "namespace", "uid", "resourceVersion"}) metadata[key] = word();
        metadata["uid"] = "u" + word();
        for (const auto* key : {"kind", "apiVersion"}) document[key] = "K" + word();
        if (below(2) == 0) metadata["managedFields"] = value(2);
        return document;
    }

    rules::FieldTree tree() {
        rules::FieldTree tree;
        for (auto paths = below(6); paths > 0; --paths) tree.add(path());
        return tree;
    }

    std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }

private:
    std::string key() {
        static const std::vector<std::string> keys{
            "metadata", "status", "spec", "a", "b", "a long key of many bytes", "name", "labels", "é", "managedFields"};
        return keys[below(keys.size())];
    }
    std::string word() {
        static const std::vector<std::string> words{"", "x", "web", "quote \" and \\", "tab\t", "反复", "1e5"};
        return words[below(words.size())];
    }
    std::string path() {
        if (below(12) == 0) return "";
        std::string path = key();
        for (auto depth = below(4); depth > 0; --depth) path += below(3) == 0 ? "[]" : "." + key();
        return path;
    }
    json map(int depth) {
        json map = json::object();
        for (auto size = below(6); size > 0; --size) map[key()] = value(depth - 1);
        return map;
    }
    json value(int depth) {
        switch (below(depth > 0 ? 9 : 5)) {
            case 0:
                return nullptr;
            case 1:
                return below(2) == 0;
            case 2:
                return static_cast<std::int64_t>(random_.next());
            case 3:
                return static_cast<double>(below(1000)) / 8;
            case 4:
                return word();
            case 5:
            case 6: {
                json list = json::array();
                for (auto size = below(4); size > 0; --size) list.push_back(value(depth - 1));
                return list;
            }
            default:
                return map(depth);
        }
    }

    SeededRandom random_;
};

std::string describe(const rules::FieldTree& tree, const std::string& path = "$") {
    std::string text = tree.whole ? path + " " : "";
    for (const auto& [key, child] : tree.fields) text += describe(child, path + "." + key);
    if (tree.elements) text += describe(*tree.elements, path + "[]");
    return text;
}

TEST(ReferenceProjection, AgreesWithTheProjectorForAnyTreeAndAnyObject) {
    Generator generate(20261123);
    for (int round = 0; round < 400; ++round) {
        auto tree = generate.tree();
        Projector projector(Projection(tree), nullptr);
        for (int i = 0; i < 25; ++i) {
            auto object = generate.object();
            Padded line(json{{"type", "ADDED"}, {"object", object}}.dump(generate.below(2) == 0 ? -1 : 2));
            auto event = projector.event(line);
            ASSERT_TRUE(event) << event.error().describe() << "\n" << object;
            ASSERT_EQ(json::parse(event->object.object.toJson()), referenceProjection(tree, object))
                << describe(tree) << "\n"
                << object;
            ASSERT_EQ(event->object.uid, object["metadata"]["uid"].get<std::string>());
        }
    }
}

TEST(ReferenceProjection, AgreesWithAProjectionOfAPackedObject) {
    Generator generate(7);
    PackedWriter writer;
    for (int round = 0; round < 2000; ++round) {
        auto tree = generate.tree();
        auto object = generate.object();
        auto packed = packJson(object.dump());
        ASSERT_TRUE(packed);
        Projection projection(tree);
        writer.clear();
        projection.project(packed->view(), writer);
        ASSERT_EQ(json::parse(writer.view().toJson()), referenceProjection(tree, object)) << describe(tree) << object;
    }
}

TEST(Projection, CoversWhatItKeeps) {
    Generator generate(3);
    for (int round = 0; round < 2000; ++round) {
        auto tree = generate.tree(), more = generate.tree();
        Projection projection(tree);
        EXPECT_TRUE(projection.covers(tree));
        auto both = tree;
        both.merge(more);
        EXPECT_TRUE(Projection(both).covers(tree)) << describe(tree) << " in " << describe(both);
        EXPECT_TRUE(Projection(both).covers(more)) << describe(more) << " in " << describe(both);
    }
}

}  // namespace
}  // namespace klaw::observe::test
