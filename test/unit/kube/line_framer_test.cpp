#include "agent/kube/line_framer.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace klaw::kube {
namespace {

/// Feeds text in pieces of `size` bytes and gives the lines.
std::vector<std::string> framed(std::string_view text, std::size_t size, LineFramer& framer) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        auto piece = text.substr(0, size);
        auto space = framer.space();
        piece = piece.substr(0, space.size());
        std::memcpy(space.data(), piece.data(), piece.size());
        framer.filled(piece.size());
        text.remove_prefix(piece.size());
        while (auto line = framer.next()) {
            EXPECT_GE(line->capacity, line->size + 64) << "simdjson reads beyond the end";
            lines.emplace_back(line->text());
        }
    }
    return lines;
}

TEST(LineFramer, GivesTheSameLinesHoweverTheyArrive) {
    for (std::size_t size : {1u, 2u, 3u, 7u, 100u}) {
        LineFramer framer;
        EXPECT_EQ(framed("{\"名\":1}\n\n{\"b\":2}\r\n{\"c\":3}\n{\"half", size, framer),
                  (std::vector<std::string>{"{\"名\":1}", "{\"b\":2}", "{\"c\":3}"}))
            << size;
        EXPECT_EQ(framer.pending(), 6u);
    }
}

TEST(LineFramer, HoldsALineLargerThanItsUsualBuffer) {
    LineFramer framer;
    std::string large(1'000'000, 'x');
    EXPECT_EQ(framed(large + "\nnext\n", 10'000, framer), (std::vector<std::string>{large, "next"}));
}

TEST(LineFramer, TellsOfALineBeyondTheLimit) {
    LineFramer framer(1000);
    framed(std::string(1001, 'x'), 100, framer);
    EXPECT_TRUE(framer.tooLong());
    framer.reset();
    EXPECT_FALSE(framer.tooLong());
}

}  // namespace
}  // namespace klaw::kube
