#include "agent/cli/application_setup.hpp"

#include <spdlog/spdlog.h>

#include <iostream>

#include "agent/cli/prompt.hpp"

namespace klaw::cli {

void ApplicationSetup::checkDepartments() {
    for (const auto& id : subject_.departments) {
        auto name = world_.run(askDepartmentName(id));
        if (name)
            report_.fine("department " + id + " \"" + *name + "\"");
        else
            report_.missing("department " + id + ": " + name.error().message, name.error().remedy);
    }
}

bool ApplicationSetup::sendCard(bool pressable) {
    bool arrived = !subject_.chats.empty();
    for (const auto& chat : subject_.chats) {
        auto channel = channelTo(chat);
        auto card = setupCard(subject_.app.language, world_.clock.now(), pressable ? inbound_.nonce : std::string());
        auto id = card.id;
        auto sent = world_.run(channel->send(std::move(card), notifiers::SendContext(id)));
        arrived = arrived && sent.has_value();
        if (sent)
            report_.fine("test card in " + chat);
        else
            report_.missing("test card in " + chat + ": " + sent.error().message, sent.error().remedy);
    }
    return arrived;
}

void ApplicationSetup::awaitPress(const std::string& remedy) {
    constexpr Duration pressWithin = 120s;
    std::cout << "Press the button on the card …\n" << std::flush;
    if (!world_.until([this] { return !inbound_.presses.empty(); }, pressWithin))
        return report_.missing("no press came in", remedy);
    const auto& person = inbound_.presses.front().by.id;
    if (!person.empty()) subject_.person = person;
    report_.fine("presses come in" + (person.empty() ? "" : "; you are " + person));
}

std::string ApplicationSetup::credentialsRemedy(const Error& error, std::string copy) {
    bool away = error.code == ErrorCode::Unavailable || error.code == ErrorCode::DeadlineExceeded;
    return away ? "the platform must be reachable from here: look at name service, proxy and firewall"
                : std::move(copy);
}

void ApplicationSetup::printYaml() const {
    std::cout << "\nFor klaw.yaml (the secret itself stays where it is):\n\n" << yamlOf(subject_) << std::flush;
}

namespace {

int checkAll(const SetupPlatform& platform, const SetupOptions& options) {
    auto subjects = subjectsOf(options, platform.type);
    if (!subjects) return refuse(subjects.error());
    SetupRun world;
    bool complete = true;
    for (auto& subject : *subjects) {
        auto setup = platform.open(world, std::move(subject), printFinding);
        std::cout << setup->title() << "\n";
        if (setup->checkCredentials()) {
            setup->check();
            setup->checkDepartments();
            if (options.send) setup->sendCard(false);
        }
        complete = complete && setup->report().complete();
    }
    return complete ? 0 : 1;
}

}  // namespace

int setUp(const SetupPlatform& platform, const SetupOptions& options) {
    spdlog::set_level(spdlog::level::off);  // what matters is printed
    if (options.check) return checkAll(platform, options);
    std::cout << platform.guide << "\n" << std::flush;
    auto subject = subjectOf(options, platform.type, platform.variable);
    if (!subject) return refuse(subject.error());
    SetupRun world;
    auto setup = platform.open(world, std::move(*subject), printFinding);
    std::cout << setup->title() << "\n";
    if (!setup->checkCredentials()) return 1;
    setup->check();
    if (isAttended())
        setup->goThrough();
    else
        setup->sendCard(false);
    setup->printYaml();
    return setup->report().complete() ? 0 : 1;
}

}  // namespace klaw::cli
