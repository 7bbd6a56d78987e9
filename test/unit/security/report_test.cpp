// What an audit comes to: exemptions, the comparison with the run before, and the forms that it is told in.
#include "agent/security/report.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const TimePoint now = *parseRfc3339("2026-11-25T10:00:00Z");

Finding finding(const std::string& check, Subject subject, const std::string& value = "true") {
    Finding made{findCheck(check), std::move(subject), {}};
    made.evidence.add("spec.field", std::string_view(value));
    return made;
}

const Subject web{"Deployment", "shop", "web"}, db{"StatefulSet", "shop", "db"};

Findings found(std::vector<Finding> all) {
    Findings findings;
    findings.all = std::move(all);
    findings.objects = 12;
    return findings;
}

AuditReport report(Findings findings, const Terms& terms = {}, const Run* previous = nullptr) {
    return reportOf(std::move(findings), "prod", "", now, terms, previous);
}

std::vector<std::string> names(const std::vector<ReportedFinding>& list) {
    std::vector<std::string> keys;
    for (const auto& each : list) keys.push_back(each.finding.key() + (each.isNew ? " new" : ""));
    return keys;
}

std::vector<std::string> fixed(const AuditReport& of) {
    std::vector<std::string> keys;
    for (const auto& [check, subject] : of.fixed) keys.push_back(std::string(check->id) + " " + subject.text());
    return keys;
}

Terms exempting(const std::string& check, const std::string& ns, const std::string& object, const std::string& until) {
    Terms terms;
    terms.programVersion = "1.2.3";
    terms.exemptions.push_back({check, ns, object, "we know", *parseRfc3339(until)});
    return terms;
}

TEST(Comparison, OfTheFirstRunHasNothingNew) {
    auto first = report(found({finding("host-port", web)}));
    EXPECT_THAT(names(first.open), ElementsAre("host-port|Deployment|shop|web"));
    EXPECT_FALSE(first.previous);
}

TEST(Comparison, SaysWhatIsNewAndWhatIsFixedSinceTheRunBefore) {
    auto before = runOf(report(found({finding("host-port", web), finding("host-path-volume", db)})));
    auto next = report(found({finding("host-port", web), finding("privileged-container", web)}), {}, &before);
    EXPECT_THAT(names(next.open),
                ElementsAre("host-port|Deployment|shop|web", "privileged-container|Deployment|shop|web new"));
    EXPECT_THAT(fixed(next), ElementsAre("host-path-volume StatefulSet shop/db"));
    EXPECT_EQ(next.previous, now);
}

TEST(Comparison, CallsNothingFixedThatCouldNotBeReadAndRemembersIt) {
    auto before = runOf(report(found({finding("host-path-volume", db)})));
    auto blind = found({});
    blind.unread.push_back({"statefulsets", "403"});
    auto next = report(std::move(blind), {}, &before);
    EXPECT_THAT(fixed(next), IsEmpty());
    auto kept = runOf(next);
    EXPECT_THAT(fixed(report(found({}), {}, &kept)), ElementsAre("host-path-volume StatefulSet shop/db"));
}

TEST(Exemptions, HoldInTheClustersThatTheyName) {
    for (const auto& [cluster, covers] : {std::pair("prod", true), {"pr*", true}, {"", true}, {"staging", false}}) {
        Exemption exemption{"host-port", "", "", "", now + 24h, cluster};
        EXPECT_EQ(exemption.covers(finding("host-port", web), "prod"), covers) << cluster;
    }
}

std::vector<Finding> many(int count) {
    std::vector<Finding> all;
    for (int i = 0; i < count; ++i) all.push_back(finding("host-port", {"Pod", "shop", "p" + std::to_string(i)}));
    return all;
}

TEST(Comparison, KnowsWhatIsNewAmongMoreThanAreKeptByName) {
    auto run = runOf(report(found(many(7000))));
    security::Run before;
    ASSERT_TRUE(fromText("prod", toText(run), before));
    auto next = many(7000);
    next.push_back(finding("host-port", web));
    auto compared = report(found(std::move(next)), {}, &before);
    EXPECT_TRUE(compared.compared);
    EXPECT_EQ(compared.countNew(), 1u);
}

TEST(Comparison, WithTooManyIsNoneAndSaidToBe) {
    auto before = runOf(report(found(many(50'001))));
    auto next = report(found(many(3)), {}, &before);
    EXPECT_FALSE(next.compared);
    EXPECT_THAT(summaryOf(next, false), HasSubstr("too many findings to be compared with"));
    EXPECT_THAT(toSarif(next), Not(HasSubstr("baselineState")));
}

TEST(Comparison, SurvivesBeingStored) {
    auto run = runOf(report(found({finding("host-port", web)})));
    security::Run read;
    ASSERT_TRUE(fromText("prod", toText(run), read));
    EXPECT_EQ(read.at, run.at);
    EXPECT_EQ(read.keys, run.keys);
    EXPECT_FALSE(fromText("prod", "{}", read));
    EXPECT_FALSE(fromText("prod", "no JSON", read));
}

TEST(Comparison, KnowsObjectsByAnyName) {
    Subject odd{"Role", "", "a|b%7C"};
    auto before = runOf(report(found({finding("role-bind", odd)})));
    EXPECT_THAT(fixed(report(found({}), {}, &before)), ElementsAre("role-bind Role a|b%7C"));
    EXPECT_FALSE(report(found({finding("role-bind", odd)}), {}, &before).open.front().isNew);
}

struct ExemptionCase {
    const char *check, *ns, *object;
    bool covers;
};

TEST(Exemptions, CoverWhatTheyName) {
    for (const auto& each : {ExemptionCase{"host-port", "shop", "Deployment/web", true},
                             {"host-port", "", "", true},
                             {"*", "shop", "web", true},
                             {"host-*", "sh*", "Deployment/*", true},
                             {"host-port", "other", "", false},
                             {"host-port", "shop", "StatefulSet/web", false},
                             {"host-path-volume", "shop", "", false}}) {
        Exemption exemption{each.check, each.ns, each.object, "", now + 24h};
        EXPECT_EQ(exemption.covers(finding("host-port", web), "prod"), each.covers)
            << each.check << " " << each.ns << " " << each.object;
    }
}

TEST(Exemptions, TakeAFindingOutUntilTheyEndAndSayWhy) {
    auto held = report(found({finding("host-port", web)}), exempting("host-port", "shop", "", "2026-12-01T00:00:00Z"));
    EXPECT_THAT(held.open, IsEmpty());
    EXPECT_EQ(held.exempted.size(), 1u);
    EXPECT_THAT(summaryOf(held, false),
                HasSubstr("exempted until 2026-12-01T00:00:00Z: host-port Deployment shop/web (we know)"));
    EXPECT_THAT(summaryOf(held, true), HasSubstr("已豁免至 2026-12-01T00:00:00Z"));
}

TEST(Exemptions, ThatHaveEndedCountAgainAndSaySo) {
    auto over = report(found({finding("host-port", web)}), exempting("host-port", "shop", "", "2026-11-01T00:00:00Z"));
    EXPECT_THAT(names(over.open), ElementsAre("host-port|Deployment|shop|web"));
    EXPECT_THAT(summaryOf(over, false),
                HasSubstr("exemption ended 2026-11-01T00:00:00Z: host-port Deployment shop/web (we know)"));
}

TEST(Exemptions, MakeNothingFixedOrNew) {
    auto before = runOf(report(found({finding("host-port", web)})));
    auto held =
        report(found({finding("host-port", web)}), exempting("host-port", "", "", "2026-12-01T00:00:00Z"), &before);
    EXPECT_THAT(fixed(held), IsEmpty());
    auto after = runOf(held);
    EXPECT_THAT(names(report(found({finding("host-port", web)}), {}, &after).open),
                ElementsAre("host-port|Deployment|shop|web"));
}

TEST(Summary, SaysWhatCouldNotBeReadAndWhatThatLeavesOpen) {
    auto findings = found({});
    findings.unread.push_back({"secrets", "403 you may not"});
    findings.notJudged.push_back(findCheck("certificate-ends"));
    auto text = summaryOf(report(std::move(findings)), false);
    EXPECT_THAT(text, HasSubstr("could not be read: secrets (403 you may not)\n"));
    EXPECT_THAT(text, HasSubstr("not checked, or only in part: certificate-ends\n"));
}

TEST(Summary, CallsNothingCleanThatCouldNotBeChecked) {
    auto findings = found({});
    findings.notJudged.push_back(findCheck("api-server-encryption"));
    auto cut = report(std::move(findings));
    EXPECT_EQ(nothingFound(cut, false), "Nothing was found in what could be checked.\n");
    EXPECT_EQ(nothingFound(cut, true), "在能够检查的范围内没有发现问题。\n");
    EXPECT_THAT(toMarkdown(cut, "en"), HasSubstr("\nNothing was found in what could be checked.\n"));
    EXPECT_THAT(toSarif(cut), HasSubstr("api-server-encryption was not checked, or only in part"));
    EXPECT_EQ(nothingFound(report(found({})), false), "Nothing was found.\n");
}

TEST(Severity, IsWhatTheReportIsCutTo) {
    auto cut = report(found({finding("privileged-container", web), finding("host-port", web)}));
    keepFrom(cut, Severity::High);
    EXPECT_THAT(names(cut.open), ElementsAre("privileged-container|Deployment|shop|web"));
    EXPECT_EQ(severityFromString("high"), Severity::High);
    EXPECT_FALSE(severityFromString("awful"));
}

TEST(Markdown, MakesNothingOfWhatStandsInObjects) {
    auto text =
        toMarkdown(report(found({finding("host-port", {"Pod", "shop", "a|b"}, "<img> [x](y) `z` | \n# h")})), "en");
    EXPECT_THAT(text,
                HasSubstr("| medium | host-port | Pod shop/a\\|b | spec.field = \\<img\\> \\[x\\]\\(y\\) \\`z\\` \\|"));
    EXPECT_THAT(text, Not(HasSubstr("\n# h")));
    EXPECT_THAT(text, HasSubstr("- **host-port**: A container takes a port of its node."));
    EXPECT_THAT(toMarkdown(report(found({})), "zh"), HasSubstr("没有发现问题。"));
}

TEST(JsonReport, HasEverything) {
    auto json = Json::parse(toJson(report(found({finding("host-port", web)}))));
    EXPECT_EQ(json["cluster"], "prod");
    EXPECT_EQ(json["objects"], 12);
    EXPECT_EQ(json["counts"]["medium"], 1);
    const auto& first = json["findings"][0];
    EXPECT_EQ(first["check"], "host-port");
    EXPECT_EQ(first["object"], (Json{{"kind", "Deployment"}, {"namespace", "shop"}, {"name", "web"}}));
    EXPECT_EQ(first["evidence"][0], (Json{{"path", "spec.field"}, {"value", "true"}}));
    EXPECT_EQ(first["standards"][0], (Json{{"standard", "Pod Security Standards"}, {"id", "Host Ports"}}));
}

/// KLAW_UPDATE_GOLDEN=1 writes the file anew. test/referees/run judges it by the schema of SARIF.
TEST(Sarif, IsTheFileThatTheRefereeJudges) {
    const auto* file = KLAW_SOURCE_DIR "/test/golden/security/report.sarif";
    auto before = runOf(report(found({finding("host-port", web), finding("host-path-volume", db)})));
    auto terms = exempting("privileged-container", "", "", "2026-12-01T00:00:00Z");
    auto findings =
        found({finding("privileged-container", web), finding("host-port", web),
               finding("role-everything", {"ClusterRole", "", "system:all"}, "all verbs on all resources")});
    findings.unread.push_back({"secrets", "403"});
    auto sarif = toSarif(report(std::move(findings), terms, &before));
    if (std::getenv("KLAW_UPDATE_GOLDEN")) std::ofstream(file) << sarif;
    std::ostringstream golden;
    golden << std::ifstream(file).rdbuf();
    EXPECT_EQ(golden.str(), sarif);
}

TEST(Sarif, HasARuleForEachCheckAndAResultForEachFinding) {
    auto before = runOf(report(found({finding("host-port", web), finding("host-path-volume", db)})));
    auto terms = exempting("privileged-container", "", "", "2026-12-01T00:00:00Z");
    auto findings = found({finding("privileged-container", web), finding("host-port", web)});
    findings.unread.push_back({"secrets", "403"});
    auto json = Json::parse(toSarif(report(std::move(findings), terms, &before)));
    EXPECT_EQ(json["version"], "2.1.0");
    ASSERT_EQ(json["runs"].size(), 1u);
    const auto& run = json["runs"][0];
    EXPECT_EQ(run["tool"]["driver"]["name"], "klaw");
    EXPECT_EQ(run["tool"]["driver"]["version"], "1.2.3");
    EXPECT_EQ(run["tool"]["driver"]["rules"].size(), checks().size());
    EXPECT_EQ(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
              "secrets could not be read: 403");
    ASSERT_EQ(run["results"].size(), 3u);
    for (const auto& result : run["results"]) {
        EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
        EXPECT_FALSE(result["message"]["text"].get<std::string>().empty());
        EXPECT_EQ(result["partialFingerprints"]["klaw/v1"].get<std::string>().size(), 64u);
    }
    EXPECT_EQ(run["results"][0]["baselineState"], "unchanged");
    EXPECT_EQ(run["results"][0]["level"], "warning");
    EXPECT_EQ(run["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "Deployment shop/web");
    EXPECT_EQ(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
              "prod/shop/Deployment/web");
    EXPECT_EQ(run["results"][1]["suppressions"][0]["kind"], "external");
    EXPECT_EQ(run["results"][1]["suppressions"][0]["justification"], "we know (until 2026-12-01T00:00:00Z)");
    EXPECT_EQ(run["results"][2]["baselineState"], "absent");
    EXPECT_EQ(run["results"][2]["ruleId"], "host-path-volume");
}

/// KLAW_UPDATE_GOLDEN=1 writes the table anew, which is the end of the document.
TEST(TableOfChecks, IsThatOfTheDocuments) {
    const auto* file = KLAW_SOURCE_DIR "/docs/security-audit.md";
    if (std::getenv("KLAW_UPDATE_GOLDEN")) {
        std::ostringstream old;
        old << std::ifstream(file).rdbuf();
        auto before = old.str().substr(0, old.str().find("| check | severity |"));
        std::ofstream(file) << before << markdownTableOfChecks();
    }
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    EXPECT_NE(text.str().find(markdownTableOfChecks()), std::string::npos)
        << "docs/security-audit.md is out of date: KLAW_UPDATE_GOLDEN=1 mends it";
}

}  // namespace
}  // namespace klaw::security
