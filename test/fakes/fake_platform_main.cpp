// Stand-alone fakes of the chat platforms for end-to-end tests, kill tests and benchmarks. Prints one line of JSON with
// the URL of each to standard output when ready; every message that people would see is appended to the file as
// {"t":<unix ns of receipt>,"platform":"dingtalk","key":"…","body":{…}} before it is answered. Ends on SIGTERM.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <iostream>

#include "base/async/task_group.hpp"
#include "test/fakes/fake_platform.hpp"

namespace {

using klaw::fakes::FakePlatform;
using klaw::fakes::FakePlatformOptions;
using klaw::fakes::Platform;

/// Appends whole lines with one write each, so that a reader never sees half of one.
class LineFile {
public:
    explicit LineFile(const std::string& path)
        : descriptor_(path.empty() ? -1 : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {}
    ~LineFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    LineFile(const LineFile&) = delete;
    LineFile& operator=(const LineFile&) = delete;

    bool open() const { return descriptor_ >= 0; }
    void append(const std::string& line) {
        if (descriptor_ >= 0 && ::write(descriptor_, line.data(), line.size()) < 0) std::perror("write");
    }

private:
    int descriptor_;
};

std::string lineFor(Platform platform, const klaw::fakes::ReceivedMessage& message) {
    // Keys are the sender's own and the body was parsed before it was taken; both are JSON-safe as they are.
    std::string line = "{\"t\":" + std::to_string(klaw::toUnixNanos(message.at)) + ",\"platform\":\"";
    line += toString(platform);
    line += "\",\"key\":\"" + message.key + "\",\"body\":" + message.body + "}\n";
    return line;
}

struct Arguments {
    int ports[3] = {-1, -1, -1};  ///< in the order of Platform; 0: any free one, -1: none
    std::string file;
    std::string secret;
    std::vector<std::string> keywords;
    bool noLimits = false;
};

FakePlatformOptions optionsFor(const Arguments& arguments, Platform platform) {
    FakePlatformOptions options;
    options.rules.platform = platform;
    options.rules.secret = arguments.secret;
    options.rules.keywords = arguments.keywords;
    options.rules.limitRates = !arguments.noLimits;
    options.port = static_cast<std::uint16_t>(arguments.ports[static_cast<int>(platform)]);
    options.keepMessages = false;
    return options;
}

klaw::Task<void> stopAll(std::vector<std::unique_ptr<FakePlatform>>& fakes) {
    for (auto& fake : fakes) co_await fake->stop();
}

int serve(const Arguments& arguments) {
    klaw::Loop loop;
    klaw::SystemLoopClock clock(loop);
    LineFile file(arguments.file);
    if (!arguments.file.empty() && !file.open()) {
        std::perror(arguments.file.c_str());
        return 1;
    }
    std::vector<std::unique_ptr<FakePlatform>> fakes;
    std::string urls;
    for (auto platform : {Platform::DingTalk, Platform::Feishu, Platform::Webhook}) {
        if (arguments.ports[static_cast<int>(platform)] < 0) continue;
        auto fake = std::make_unique<FakePlatform>(loop, clock, optionsFor(arguments, platform));
        fake->onMessage = [&file, platform](const auto& message) { file.append(lineFor(platform, message)); };
        if (auto listening = fake->listen(); !listening) {
            std::cerr << listening.error().describe() << "\n";
            return 1;
        }
        urls += (urls.empty() ? "{\"" : ",\"") + std::string(toString(platform)) + "\":\"" + fake->url() + "\"";
        fakes.push_back(std::move(fake));
    }
    std::cout << urls << "}" << std::endl;

    klaw::TaskGroup tasks(loop, [](std::string name, std::string what) { std::cerr << name << ": " << what << "\n"; });
    boost::asio::signal_set signals(loop.executor(), SIGINT, SIGTERM);
    signals.async_wait([&](auto error, int) {
        if (!error) tasks.spawn("stop", stopAll(fakes));
    });
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Fake chat platforms for Klaw's tests");
    app.add_option("--dingtalk", arguments.ports[0], "port of the DingTalk robot; 0: any");
    app.add_option("--feishu", arguments.ports[1], "port of the Feishu bot; 0: any");
    app.add_option("--webhook", arguments.ports[2], "port of the generic webhook; 0: any");
    app.add_option("--out", arguments.file, "file to which messages are appended");
    app.add_option("--secret", arguments.secret, "signing secret of all of them");
    app.add_option("--keyword", arguments.keywords, "a keyword that messages must hold; may be repeated");
    app.add_flag("--no-limits", arguments.noLimits, "no rate limits");
    CLI11_PARSE(app, argc, argv);
    if (arguments.ports[0] < 0 && arguments.ports[1] < 0 && arguments.ports[2] < 0) {
        std::cerr << "name at least one platform\n";
        return 2;
    }
    return serve(arguments);
}
