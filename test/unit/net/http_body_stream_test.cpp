#include <zlib.h>

#include "base/net/gzip_decoder.hpp"
#include "test/unit/net/net_test.hpp"

namespace klaw::net::test {

namespace {

using testing::HasSubstr;

std::string gzip(std::string_view text) {
    z_stream stream{};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string withLength(const std::string& body, const std::string& fields = "") {
    return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

Task<void> answerInPieces(ByteStream& stream, std::string answer, std::size_t pieceSize) {
    co_await readRequestHead(stream);
    for (std::size_t at = 0; at < answer.size(); at += pieceSize) {
        auto piece = std::string_view(answer).substr(at, pieceSize);
        co_await stream.writeAll(piece);
    }
}

RawServer::Script inPieces(std::string answer, std::size_t pieceSize = 1 << 20) {
    return [=](ByteStream& stream) { return answerInPieces(stream, answer, pieceSize); };
}

Task<void> sendHeadAndWait(ByteStream& stream) {
    co_await readRequestHead(stream);
    co_await stream.writeAll("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    std::string byte(1, '\0');
    co_await stream.readSome(byte);
}

Task<void> readAndKeep(HttpBodyStream& body, std::optional<Result<std::size_t>>& outcome) {
    std::string space(100, '\0');
    std::span<char> into(space);
    outcome = co_await body.readSome(into);
}

std::string text() {
    std::string all;
    for (int i = 0; i < 20'000; ++i) all += "line " + std::to_string(i * 7919) + "\n";
    return all;
}

}  // namespace

class BodyStream : public NetTest {
protected:
    HttpClient client{loop, HttpClientOptions()};
};

TEST_F(BodyStream, GivesWhatIsThereWithoutWaitingForMore) {
    RawServer server(loop, tasks, sendHeadAndWait);
    auto body = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    EXPECT_EQ((*body)->head().status, 200);
    std::string space(100, '\0');
    auto count = run((*body)->readSome(space));
    ASSERT_TRUE(count);
    EXPECT_EQ(space.substr(0, *count), "abc");
}

TEST_F(BodyStream, SaysUnavailableWhenItIsCutShort) {
    for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n12345"}) {
        RawServer server(loop, tasks, inPieces(answer));
        auto body = open(client, HttpRequest("GET", server.url()));
        ASSERT_TRUE(body);
        auto read = readAll(**body);
        ASSERT_FALSE(read) << answer;
        EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
        EXPECT_THAT(read.error().message, HasSubstr("after 5 bytes"));
    }
}

TEST_F(BodyStream, SaysDataLossWhenItsFramingIsDamaged) {
    RawServer server(loop, tasks, inPieces("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n12345\r\n"));
    auto body = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    auto read = readAll(**body);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::DataLoss);
}

TEST_F(BodyStream, SaysCancelledWhenTheWaitingTaskIsCancelled) {
    RawServer server(loop, tasks, sendHeadAndWait);
    auto body = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    std::string space(3, '\0');
    ASSERT_TRUE(run((*body)->readSome(space)));
    std::optional<Result<std::size_t>> outcome;
    TaskGroup group(loop, [](std::string, std::string what) { ADD_FAILURE() << what; });
    group.spawn("reader", readAndKeep(**body, outcome));
    loop.poll();
    run(group.stop());
    ASSERT_TRUE(outcome);
    ASSERT_FALSE(*outcome);
    EXPECT_EQ(outcome->error().code, ErrorCode::Cancelled);
}

TEST_F(BodyStream, CanBeClosedWhileATaskWaits) {
    RawServer server(loop, tasks, sendHeadAndWait);
    auto body = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    std::string space(3, '\0');
    ASSERT_TRUE(run((*body)->readSome(space)));
    std::optional<Result<std::size_t>> outcome;
    tasks.spawn("reader", readAndKeep(**body, outcome));
    loop.poll();
    (*body)->close();
    EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
    EXPECT_EQ(outcome->error().code, ErrorCode::Cancelled);
    auto again = run((*body)->readSome(space));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Cancelled);
}

TEST_F(BodyStream, HasNoDeadlineAfterItsHead) {
    RawServer server(loop, tasks, sendHeadAndWait);
    auto body = open(client, HttpRequest("GET", server.url()), 20ms);
    ASSERT_TRUE(body);
    SystemLoopClock clock(loop);
    run(clock.sleepFor(30ms));
    std::string space(3, '\0');
    EXPECT_TRUE(run((*body)->readSome(space)));
}

TEST_F(BodyStream, HasNoLimit) {
    HttpClientOptions options;
    options.maxBodyBytes = 10;
    HttpClient limited(loop, options);
    auto all = text();
    RawServer server(loop, tasks, inPieces(withLength(all)));
    auto body = open(limited, HttpRequest("GET", server.url()));
    ASSERT_TRUE(body);
    EXPECT_EQ(readAll(**body), all);
}

TEST_F(BodyStream, GivesItsConnectionBackAtTheEndAndDropsItBefore) {
    RawServer server(loop, tasks, answering({withLength("1"), withLength("2"), withLength("3")}));
    for (int i = 0; i < 2; ++i) {
        auto body = open(client, HttpRequest("GET", server.url()));
        ASSERT_TRUE(body);
        EXPECT_TRUE(readAll(**body));
    }
    EXPECT_EQ(server.connections(), 1);
    ASSERT_TRUE(open(client, HttpRequest("GET", server.url())));
    EXPECT_EQ(server.connections(), 1);
    auto next = open(client, HttpRequest("GET", server.url()));
    ASSERT_TRUE(next);
    EXPECT_EQ(server.connections(), 2) << "the unread body took its connection along";
}

TEST_F(BodyStream, DecodesGzipWhateverThePieces) {
    auto all = text();
    for (std::size_t pieceSize : {std::size_t(1) << 20, std::size_t(1009)}) {
        RawServer server(loop, tasks, inPieces(withLength(gzip(all), "Content-Encoding: gzip\r\n"), pieceSize));
        auto body = open(client, HttpRequest("GET", server.url()));
        ASSERT_TRUE(body);
        EXPECT_FALSE((*body)->head().headers.get("Content-Encoding")) << "the caller sees the decoded body";
        EXPECT_FALSE((*body)->head().headers.get("Content-Length"));
        auto read = readAll(**body, 777);
        ASSERT_TRUE(read) << read.error().describe();
        EXPECT_EQ(*read, all);
    }
}

TEST_F(BodyStream, DecodesGzipInSendAndAsksForItWhenTold) {
    auto all = text();
    RawServer server(loop, tasks, inPieces(withLength(gzip(all), "Content-Encoding: gzip\r\n")));
    HttpClientOptions options;
    options.acceptGzip = true;
    HttpClient asking(loop, options);
    auto response = send(asking, HttpRequest("GET", server.url()));
    ASSERT_TRUE(response) << response.error().describe();
    EXPECT_EQ(response->body, all);
}

TEST_F(BodyStream, LimitsTheDecodedSizeSoThatNoBombGoesOff) {
    HttpClientOptions options;
    options.maxBodyBytes = 1'000'000;
    HttpClient limited(loop, options);
    RawServer server(loop, tasks,
                     inPieces(withLength(gzip(std::string(10'000'000, 'x')), "Content-Encoding: gzip\r\n")));
    auto response = send(limited, HttpRequest("GET", server.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::ResourceExhausted);
}

TEST_F(BodyStream, NoticesGzipThatIsDamagedOrCutShort) {
    auto whole = gzip(text());
    auto damaged = whole;
    damaged[damaged.size() / 2] ^= 0x55;
    RawServer damagedServer(loop, tasks, inPieces(withLength(damaged, "Content-Encoding: gzip\r\n")));
    auto response = send(client, HttpRequest("GET", damagedServer.url()));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::DataLoss);
    RawServer shortServer(loop, tasks,
                          inPieces(withLength(whole.substr(0, whole.size() - 9), "Content-Encoding: gzip\r\n")));
    auto body = open(client, HttpRequest("GET", shortServer.url()));
    ASSERT_TRUE(body);
    auto read = readAll(**body);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
}

TEST(GzipDecoder, GivesEachFlushedLineAtOnce) {
    z_stream stream{};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    GzipDecoder decoder;
    for (std::string line : {"first\n", "second\n", "third\n"}) {
        auto space = decoder.inputSpace();
        stream.next_in = reinterpret_cast<Bytef*>(line.data());
        stream.avail_in = static_cast<uInt>(line.size());
        stream.next_out = reinterpret_cast<Bytef*>(space.data());
        stream.avail_out = static_cast<uInt>(space.size());
        deflate(&stream, Z_SYNC_FLUSH);
        decoder.received(space.size() - stream.avail_out);
        std::string out(100, '\0');
        auto count = decoder.decode(out);
        ASSERT_TRUE(count);
        EXPECT_EQ(out.substr(0, *count), line);
        EXPECT_FALSE(decoder.complete());
    }
    deflateEnd(&stream);
}

TEST(GzipDecoder, TakesSeveralMembersInARow) {
    auto both = gzip("one ") + gzip("two");
    GzipDecoder decoder;
    std::copy(both.begin(), both.end(), decoder.inputSpace().begin());
    decoder.received(both.size());
    std::string out(100, '\0');
    auto count = decoder.decode(out);
    ASSERT_TRUE(count);
    EXPECT_EQ(out.substr(0, *count), "one two");
    EXPECT_TRUE(decoder.complete());
}

}  // namespace klaw::net::test
