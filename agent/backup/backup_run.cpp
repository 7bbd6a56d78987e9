#include "agent/backup/backup_run.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/backup/answered_status.hpp"
#include "agent/backup/aside.hpp"
#include "agent/backup/list_page.hpp"
#include "agent/backup/object_filter.hpp"
#include "base/percent.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
constexpr std::size_t pieceBytes = 256u << 10;
constexpr std::size_t largePage = 16u << 20, smallestPage = 10;
/// An API server keeps a snapshot for a list for about five minutes.
constexpr int mostAttempts = 5;
constexpr Duration patience = 1s;
constexpr auto definitions = "customresourcedefinitions.apiextensions.k8s.io";

bool mayComeAgain(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::OutcomeUnknown ||
           error.code == ErrorCode::DeadlineExceeded || error.code == ErrorCode::ResourceExhausted;
}

/// Also one whose API server answers nothing else, however often it is asked.
bool isRefusal(const Error& error) {
    constexpr int failed = 500;
    return answeredStatus(error) >= failed || error.code == ErrorCode::PermissionDenied ||
           error.code == ErrorCode::NotFound || error.code == ErrorCode::InvalidArgument;
}

bool isTooMuchAtOnce(const Error& error) {
    constexpr int busy = 429;
    bool exhausted = error.code == ErrorCode::ResourceExhausted && answeredStatus(error) != busy;
    return exhausted || error.code == ErrorCode::DeadlineExceeded;
}

}  // namespace

BackupRun::BackupRun(LoopClock& clock, Fetch fetch, ArchiveHeader header, ArchiveWriter& writer, Upload& upload)
    : clock_(clock), fetch_(std::move(fetch)), header_(std::move(header)), writer_(writer), upload_(upload) {}

Task<Result<ArchiveSummary>> BackupRun::write() {
    auto found = co_await discoverKinds(fetch_);
    if (!found) co_return fail(std::move(found).error());
    for (auto& problem : found->problems) writer_.missing(std::move(problem));
    std::erase_if(found->kinds, [&](const Kind& kind) { return !isWanted(kind); });
    auto written = co_await writeKinds(std::move(found->kinds));
    if (!written) co_return fail(std::move(written).error());
    auto summary = writer_.finish();
    auto drained = co_await drain(0);
    if (!drained) co_return fail(std::move(drained).error());
    co_return summary;
}

bool BackupRun::isWanted(const Kind& kind) const {
    if (!leftOutBecause(kind).empty()) return false;
    return header_.secrets || kind.resource() != "secrets";
}

Task<Result<void>> BackupRun::writeKinds(std::vector<Kind> kinds) {
    if (header_.namespaces.empty()) co_return co_await writeCluster(std::move(kinds));
    co_return co_await writeNamespaces(std::move(kinds));
}

Task<Result<void>> BackupRun::writeCluster(std::vector<Kind> kinds) {
    for (auto& kind : kinds) {
        std::string everywhere, query;
        Wanted all;
        auto written = co_await writeList(std::move(kind), std::move(everywhere), std::move(query), std::move(all));
        if (!written) co_return written;
    }
    co_return Result<void>();
}

/// What is in them, the namespaces themselves, and the definitions of custom resources in them.
Task<Result<void>> BackupRun::writeNamespaces(std::vector<Kind> kinds) {
    for (const auto& ns : header_.namespaces) {
        auto there = co_await ask("/api/v1/namespaces/" + percentEncode(ns));
        if (!there && there.error().code == ErrorCode::NotFound)
            co_return fail(ErrorCode::NotFound, "there is no namespace \"" + ns + "\"", header_.cluster);
        if (!there) co_return fail(std::move(there).error());
    }
    auto used = co_await definitionsInUse(kinds);
    if (!used) co_return fail(std::move(used).error());
    for (const auto& kind : kinds) {
        if (kind.resource() == definitions && !used->empty()) {
            auto names = *used;
            Wanted wanted = [names](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
            std::string everywhere, query;
            auto written = co_await writeList(kind, std::move(everywhere), std::move(query), std::move(wanted));
            if (!written) co_return written;
        }
        bool itself = kind.resource() == "namespaces";
        if (!itself && !kind.namespaced) continue;
        for (const auto& ns : header_.namespaces) {
            std::string within = ns, query;
            if (itself) query = "&fieldSelector=metadata.name%3D" + percentEncode(std::exchange(within, {}));
            Wanted all;
            auto written = co_await writeList(kind, std::move(within), std::move(query), std::move(all));
            if (!written) co_return written;
        }
    }
    co_return Result<void>();
}

Task<Result<std::vector<std::string>>> BackupRun::definitionsInUse(const std::vector<Kind>& kinds) {
    std::vector<std::string> used;
    auto known = co_await fetch_("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                                 "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    if (!known && isRefusal(known.error())) {
        writer_.missing("the CustomResourceDefinitions: " + known.error().message);
        co_return used;
    }
    if (!known) co_return fail(std::move(known).error());
    auto names = namesOf(*known);
    if (!names) co_return fail(std::move(names).error());
    std::set<std::string> custom(names->begin(), names->end());
    for (const auto& kind : kinds) {
        if (!kind.namespaced || !custom.contains(kind.resource())) continue;
        auto any = co_await hasAny(kind);
        if (!any) co_return fail(std::move(any).error());
        if (*any) used.push_back(kind.resource());
    }
    co_return used;
}

Task<Result<bool>> BackupRun::hasAny(Kind kind) {
    for (const auto& ns : header_.namespaces) {
        auto body = co_await ask(kind.listPath(ns) + "?limit=1");
        if (!body && isRefusal(body.error())) continue;  // its list says so again
        if (!body) co_return fail(std::move(body).error());
        auto page = ListPage::parse(std::move(*body));
        if (!page) co_return fail(std::move(page).error());
        if (!page->items.empty()) co_return true;
    }
    co_return false;
}

Task<Result<void>> BackupRun::writeList(Kind kind, std::string ns, std::string query, Wanted wanted) {
    auto path = kind.listPath(ns) + "?limit=";
    Error expired;
    for (int attempt = 0; attempt < mostAttempts; ++attempt) {
        writer_.beginList(kind, ns);
        auto written = co_await writePages(kind, path, query, wanted);
        if (written) co_return written;
        writer_.discardList();
        expired = std::move(written).error();
        if (isRefusal(expired)) {
            writer_.missing(kind.title() + (ns.empty() ? "" : " of " + ns) + ": " + expired.message);
            co_return Result<void>();
        }
        bool again = expired.code == ErrorCode::Expired;
        if (!again) co_return fail(std::move(expired));
    }
    co_return fail(std::move(expired));
}

Task<Result<void>> BackupRun::writePages(Kind kind, std::string path, std::string query, Wanted wanted) {
    std::string version, token;
    bool first = true;
    do {
        auto next = path + std::to_string(pageSize_) + query;
        if (!token.empty()) next += "&continue=" + percentEncode(token);
        bool divisible = pageSize_ > smallestPage;
        auto body = co_await ask(std::move(next), divisible);
        bool tooMuch = !body && divisible && isTooMuchAtOnce(body.error());
        if (tooMuch) {
            pageSize_ = std::max(smallestPage, pageSize_ / 2);
            continue;
        }
        if (!body) co_return fail(std::move(body).error());
        first = false;
        if (body->size() > largePage) pageSize_ = std::max(smallestPage, pageSize_ / 2);
        token.clear();
        std::string of;
        auto written = co_await writeItems(kind, std::move(*body), wanted, of, token);
        if (!written) co_return written;
        if (version.empty()) version = of;
        bool same = version == of;
        if (!same)
            co_return fail(ErrorCode::Expired, "the list of " + kind.plural + " went on at another resourceVersion");
    } while (first || !token.empty());
    writer_.endList(version);
    co_return Result<void>();
}

Task<Result<void>> BackupRun::writeItems(Kind kind, std::string body, Wanted wanted, std::string& version,
                                         std::string& token) {
    auto page = ListPage::parse(std::move(body));
    if (!page) co_return fail(std::move(page).error());
    version = page->resourceVersion;
    token = page->continueToken;
    std::size_t since = 0;
    for (auto item : page->items) {
        auto object = Json::parse(item, nullptr, false);
        auto name = object.is_object() ? object.value("/metadata/name"_json_pointer, "") : std::string();
        if (name.empty()) co_return fail(ErrorCode::Unavailable, "the API server gave no objects of " + kind.plural);
        bool keeps = (!wanted || wanted(name)) && leftOutBecause(kind, object).empty();
        if (keeps)
            writer_.object(withType(kind, item));
        else
            writer_.leaveOut();
        since += item.size();
        if (since < pieceBytes) continue;
        since = 0;
        auto drained = co_await drain(pieceBytes);
        if (!drained) co_return drained;
        co_await nextTurn();
    }
    co_return co_await drain(pieceBytes);
}

Task<Result<void>> BackupRun::drain(std::size_t above) {
    if (writer_.pending() <= above) co_return Result<void>();
    co_return co_await upload_.write(writer_.take());
}

/// A list goes on where it was when the API server comes back.
Task<Result<std::string>> BackupRun::ask(std::string path, bool divisible) {
    for (int attempt = 1;; ++attempt) {
        auto body = co_await fetch_(path, asJson);
        bool again = !body && mayComeAgain(body.error()) && attempt < mostAttempts;
        if (again && divisible && isTooMuchAtOnce(body.error())) co_return body;
        if (!again) co_return body;
        auto wait = std::max(body.error().retry.after, patience * attempt);
        co_await clock_.sleepFor(wait);
    }
}

}  // namespace klaw::backup
