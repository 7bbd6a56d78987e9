// Each check by objects in which it finds something and such in which it finds nothing: cases/*.yaml.
#include "agent/security/check.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "agent/operate/yaml_documents.hpp"
#include "agent/security/auditor.hpp"
#include "base/digest.hpp"
#include "base/net/certificate.hpp"
#include "base/text/json_fields.hpp"
#include "test/unit/support/test_certificates.hpp"

namespace klaw::security {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

/// Certificates are made from the real time on, to the second.
const TimePoint now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

struct Case {
    std::string check;
    Json bad, good;
    std::vector<std::string> seen;
};

std::vector<Case> casesOf(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    auto documents = operate::readYamlDocuments(text.str());
    EXPECT_TRUE(documents) << file << ": " << (documents ? "" : documents.error().describe());
    std::vector<Case> cases;
    if (!documents) return cases;
    for (const auto& document : *documents) {
        const auto& object = document.object;
        cases.push_back({textAt(object, "check"), at(object, "bad"), at(object, "good"), textsAt(object, "seen")});
    }
    return cases;
}

std::vector<Case> allCases() {
    std::vector<Case> all;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(KLAW_SOURCE_DIR "/test/unit/security/cases"))
        files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files)
        for (auto& each : casesOf(file)) all.push_back(std::move(each));
    return all;
}

Duration lifeOf(std::string text) {
    bool over = text.starts_with('-');
    auto length = parseDuration(over ? text.substr(1) : text).value_or(Duration{});
    return over ? -length : length;
}

/// One for each life, so that what is expected can be read from it.
const std::string& certificateFor(const std::string& life) {
    static const net::test::TestAuthority authority;
    static std::map<std::string, std::string> made;
    auto& pem = made[life];
    if (!pem.empty()) return pem;
    net::test::CertificateRequest request;
    request.validFrom = -std::chrono::hours(24 * 30);
    request.validUntil = std::chrono::duration_cast<std::chrono::seconds>(lifeOf(life));
    return pem = authority.issue(request).certificatePem;
}

constexpr std::string_view certificate = "<certificate for ";

void fillCertificates(Json& json) {
    if (json.is_string()) {
        auto text = json.get<std::string>();
        if (text.starts_with(certificate))
            json = base64Encode(certificateFor(text.substr(certificate.size(), text.size() - certificate.size() - 1)));
    } else if (json.is_structured()) {
        for (auto& each : json) fillCertificates(each);
    }
}

Json binding(Json object) {
    auto role = object["role"].get<std::string>();
    object["roleRef"] = {{"kind", role.substr(0, role.find('/'))}, {"name", role.substr(role.find('/') + 1)}};
    for (const auto& subject : textsAt(object, "to")) {
        auto kind = subject.substr(0, subject.find('/')), name = subject.substr(subject.find('/') + 1);
        Json made{{"kind", kind}, {"name", name}};
        if (kind == "ServiceAccount")
            made = {{"kind", kind},
                    {"namespace", name.substr(0, name.find('/'))},
                    {"name", name.substr(name.find('/') + 1)}};
        object["subjects"].push_back(std::move(made));
    }
    return object;
}

/// What the short forms of the cases stand for.
Json whole(Json object) {
    fillCertificates(object);
    if (!object.contains("kind")) object["kind"] = "Pod";
    auto& metadata = object["metadata"];
    auto known = std::ranges::find(auditedKinds(), textAt(object, "kind"), &ObjectKind::kind);
    if (!metadata.contains("name")) metadata["name"] = "web";
    if (known != auditedKinds().end() && known->namespaced && !metadata.contains("namespace"))
        metadata["namespace"] = "shop";
    if (object.contains("container")) {
        auto container = object["container"];
        container["name"] = "web";
        object["spec"]["containers"] = Json::array({container});
    }
    if (object.contains("program")) {
        metadata = {{"name", "cp"}, {"namespace", "kube-system"}};
        object["spec"]["containers"] = Json::array({{{"name", "cp"}, {"command", object["program"]}}});
    }
    if (object.contains("template")) {
        bool cron = object["kind"] == "CronJob";
        (cron ? object["spec"]["jobTemplate"]["spec"] : object["spec"])["template"]["spec"] = object["template"];
    }
    return object.contains("role") ? binding(std::move(object)) : object;
}

Findings audited(const Json& objects, const std::string& ns = "") {
    Auditor auditor(now, {}, ns);
    for (const auto& kind : auditedKinds())
        for (const auto& object : objects) {
            auto made = whole(object);
            if (textAt(made, "kind") == kind.kind) auditor.add(kind, made);
            if (textAt(made, "kind") != "Server") continue;
            auto life = textAt(made, "certificate");
            auditor.setServer(textAt(made, "version"), life.empty() ? std::nullopt : std::optional(now + lifeOf(life)));
        }
    return auditor.finish();
}

std::vector<std::string> seenBy(const std::string& check, const Findings& findings) {
    std::vector<std::string> seen;
    for (const auto& finding : findings.all) {
        if (finding.check->id != check) continue;
        for (const auto& each : finding.evidence.kept())
            seen.push_back(finding.subject.text() + ": " + each.path + " = " + each.value);
    }
    return seen;
}

/// "<end of 10d>" as the time when the certificate of that life ends, "<in 12d>" as one from now on.
std::vector<std::string> withTimes(std::vector<std::string> lines) {
    for (auto& line : lines) {
        auto from = line.find('<'), end = line.find('>');
        if (from == line.npos || end == line.npos) continue;
        auto word = line.substr(from + 1, end - from - 1);
        bool ofCertificate = word.starts_with("end of ");
        auto life = word.substr(word.rfind(' ') + 1);
        auto time = ofCertificate ? net::readCertificates(certificateFor(life))->front().notAfter : now + lifeOf(life);
        line.replace(from, end + 1 - from, formatRfc3339(time));
    }
    return lines;
}

TEST(Checks, EachFindsWhatItIsForWithTheFieldAndItsValue) {
    for (const auto& each : allCases())
        EXPECT_THAT(seenBy(each.check, audited(each.bad)), ElementsAreArray(withTimes(each.seen))) << each.check;
}

TEST(Checks, EachFindsNothingInWhatIsFine) {
    for (const auto& each : allCases()) EXPECT_THAT(seenBy(each.check, audited(each.good)), IsEmpty()) << each.check;
}

TEST(Checks, EachHasACaseWithAFindingAndOneWithout) {
    std::set<std::string> tested;
    for (const auto& each : allCases()) {
        EXPECT_NE(findCheck(each.check), nullptr) << "there is no check " << each.check;
        EXPECT_FALSE(each.seen.empty() || each.bad.empty() || each.good.empty()) << each.check;
        EXPECT_TRUE(tested.insert(each.check).second) << each.check << " is there twice";
    }
    for (const auto& check : checks()) EXPECT_TRUE(tested.contains(std::string(check.id))) << check.id;
    EXPECT_GE(checks().size(), 40u);
}

TEST(Checks, EachSaysWhatItIsInBothLanguagesAndLooksInOneWay) {
    std::set<std::string_view> ids;
    for (const auto& check : checks()) {
        EXPECT_TRUE(ids.insert(check.id).second) << check.id;
        for (const auto& text : {check.title, check.remedy}) {
            EXPECT_FALSE(text.en.empty()) << check.id;
            EXPECT_FALSE(text.zh.empty()) << check.id;
            EXPECT_NE(text.en, text.zh) << check.id;
            EXPECT_FALSE(text.en.ends_with('.')) << check.id;
        }
        EXPECT_EQ((check.pod != nullptr) + (check.object != nullptr) + (check.cluster != nullptr), 1) << check.id;
        EXPECT_TRUE(check.pod || !check.needs.empty()) << check.id;
        for (auto resource : check.needs) {
            bool known = std::ranges::find(auditedKinds(), resource, &ObjectKind::resource) != auditedKinds().end();
            EXPECT_TRUE(known || resource == "version") << check.id << " needs " << resource;
        }
    }
}

/// `owner` is "Deployment/web/uid-1".
Json ownedBy(const std::string& owner) {
    auto kindEnd = owner.find('/'), nameEnd = owner.rfind('/');
    return {{"controller", true},
            {"kind", owner.substr(0, kindEnd)},
            {"name", owner.substr(kindEnd + 1, nameEnd - kindEnd - 1)},
            {"uid", owner.substr(nameEnd + 1)}};
}

Json privileged(const std::string& kind, const std::string& name, const std::string& uid) {
    Json object{{"kind", kind}, {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", uid}}}};
    object["template"] = Json::parse(R"({"containers": [{"name": "web", "securityContext": {"privileged": true}}]})");
    return object;
}

Json replicaSet(const std::string& name, const std::string& uid, const std::string& owner) {
    return {{"kind", "ReplicaSet"},
            {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", uid}, {"ownerReferences", {ownedBy(owner)}}}}};
}

Json podOf(const std::string& name, const std::string& owner, Json labels = Json::object()) {
    return {{"metadata",
             {{"name", name}, {"namespace", "shop"}, {"ownerReferences", {ownedBy(owner)}}, {"labels", labels}}},
            {"container", {{"securityContext", {{"privileged", true}}}}}};
}

TEST(Auditor, TellsOfAWorkloadOnceHoweverManyPodsItHas) {
    auto findings = audited({privileged("Deployment", "web", "d1"), replicaSet("web-5d", "r1", "Deployment/web/d1"),
                             podOf("web-5d-1", "ReplicaSet/web-5d/r1"), podOf("web-5d-2", "ReplicaSet/web-5d/r1"),
                             podOf("canary-1", "Rollout/canary/o1"), podOf("canary-2", "Rollout/canary/o1")});
    EXPECT_THAT(seenBy("privileged-container", findings),
                testing::ElementsAre(
                    "Deployment shop/web: spec.template.spec.containers[web].securityContext.privileged = true",
                    "Rollout shop/canary: spec.containers[web].securityContext.privileged = true"));
}

TEST(Auditor, TellsOfPodsByTheirOwnerWhereThoseCouldNotBeRead) {
    Auditor auditor(now);
    auditor.setUnread("deployments", "403");
    auditor.setUnread("replicasets", "403");
    auto pod = podOf("web-5d-1", "ReplicaSet/web-5d/r1", {{"pod-template-hash", "5d"}});
    auditor.add(*std::ranges::find(auditedKinds(), "Pod", &ObjectKind::kind), whole(pod));
    auto findings = auditor.finish();
    EXPECT_THAT(seenBy("privileged-container", findings),
                testing::ElementsAre("Deployment shop/web: spec.containers[web].securityContext.privileged = true"));
    EXPECT_THAT(findings.notJudged, testing::Contains(findCheck("privileged-container")));
}

TEST(Auditor, JudgesPodsThatNameAnOwnerWhichIsNotTheirs) {
    auto fine = privileged("Deployment", "web", "d1");
    fine["template"]["containers"][0]["securityContext"]["privileged"] = false;
    auto findings =
        audited({fine, replicaSet("web-5d", "r1", "Deployment/web/d1"),
                 replicaSet("api-7c", "r2", "Deployment/web/gone"), podOf("other-uid", "ReplicaSet/web-5d/r9"),
                 podOf("other-kind", "DaemonSet/web-5d/r1"), podOf("gone", "Deployment/web/"),
                 podOf("of-api", "ReplicaSet/api-7c/r2"), podOf("fine", "ReplicaSet/web-5d/r1")});
    std::vector<std::string> told;
    for (const auto& finding : findings.all)
        if (finding.check->id == "privileged-container") told.push_back(finding.subject.text());
    EXPECT_THAT(told, testing::ElementsAre("Pod shop/gone", "Pod shop/other-kind", "Pod shop/other-uid",
                                           "ReplicaSet shop/api-7c"));
}

TEST(Auditor, JudgesEphemeralContainersWhichNoTemplateHas) {
    auto pod = podOf("web-5d-1", "DaemonSet/web/s1");
    pod["spec"]["ephemeralContainers"] = Json::parse(R"([{"name": "debug", "securityContext": {"privileged": true}}])");
    auto findings = audited({privileged("DaemonSet", "web", "s1"), pod});
    EXPECT_THAT(
        seenBy("privileged-container", findings),
        testing::Contains("Pod shop/web-5d-1: spec.ephemeralContainers[debug].securityContext.privileged = true"));
}

TEST(Auditor, LeavesTheNamespacesOfKubernetesAloneUnlessTheyAreNamed) {
    auto inSystem = Json::array(
        {{{"metadata", {{"namespace", "kube-system"}}}, {"container", {{"securityContext", {{"privileged", true}}}}}}});
    EXPECT_THAT(seenBy("privileged-container", audited(inSystem)), IsEmpty());
    EXPECT_THAT(seenBy("privileged-container", audited(inSystem, "kube-system")), testing::SizeIs(1));
}

TEST(Auditor, OfOneNamespaceTellsOfThatAndOfItsObjectsOnly) {
    auto objects = Json::parse(R"([
        {"kind": "Namespace", "metadata": {"name": "shop"}}, {"kind": "Namespace", "metadata": {"name": "other"}},
        {"container": {}}, {"metadata": {"namespace": "other"}, "container": {}},
        {"kind": "ClusterRole", "metadata": {"name": "all"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}])");
    std::set<std::string> subjects;
    for (const auto& finding : audited(objects, "shop").all) subjects.insert(finding.subject.text());
    EXPECT_THAT(subjects, testing::ElementsAre("Namespace shop", "Pod shop/web"));
}

TEST(Auditor, LeavesOutRolesThatKubernetesBringsButKnowsWhatTheyAllow) {
    auto objects = Json::parse(R"([
        {"kind": "Deployment", "template": {"serviceAccountName": "ci", "containers": [{"name": "ci"}]}},
        {"kind": "ClusterRole", "metadata": {"name": "edit", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
         "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}]},
        {"kind": "RoleBinding", "metadata": {"name": "ci"}, "role": "ClusterRole/edit", "to": ["ServiceAccount/shop/ci"]}])");
    auto findings = audited(objects);
    EXPECT_THAT(seenBy("role-pod-exec", findings), IsEmpty());
    EXPECT_THAT(seenBy("workload-takeover", findings), testing::SizeIs(1));
}

TEST(Auditor, ShowsWhoHasADangerousRole) {
    auto objects = Json::parse(R"([
        {"kind": "ClusterRole", "metadata": {"name": "power"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
        {"kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "role": "ClusterRole/power", "to": ["User/li"]}])");
    EXPECT_THAT(seenBy("role-everything", audited(objects)),
                testing::ElementsAre("ClusterRole power: rules[0] = all verbs on all resources",
                                     "ClusterRole power: ClusterRoleBinding b = User li"));
}

TEST(Auditor, SaysWhatItCouldNotJudgeWhereAListWasNotRead) {
    Auditor auditor(now);
    for (const auto& kind : auditedKinds()) {
        if (kind.kind == "Namespace")
            auditor.add(kind, whole(Json::parse(R"({"kind": "Namespace", "metadata": {"name": "shop"}})")));
        if (kind.kind == "Pod") auditor.add(kind, whole(Json::parse(R"({"container": {}})")));
    }
    auditor.setUnread("networkpolicies", "403 you may not");
    auto findings = auditor.finish();
    EXPECT_THAT(seenBy("network-policy-missing", findings), IsEmpty());
    EXPECT_THAT(findings.notJudged, testing::Contains(findCheck("network-policy-missing")));
    ASSERT_EQ(findings.unread.size(), 1u);
    EXPECT_EQ(findings.unread[0].resource + ": " + findings.unread[0].why, "networkpolicies: 403 you may not");
}

std::vector<std::string_view> notJudgedWith(const char* objects, const std::string& ns = "") {
    std::vector<std::string_view> ids;
    for (const auto* check : audited(Json::parse(objects), ns).notJudged) ids.push_back(check->id);
    return ids;
}

TEST(Auditor, SaysThatItDidNotJudgeAControlPlaneWhichRunsInNoVisiblePod) {
    EXPECT_THAT(notJudgedWith("[]"), testing::AllOf(testing::Contains("api-server-encryption"),
                                                    testing::Contains("etcd-client-certificates"),
                                                    testing::Contains("control-plane-profiling")));
    EXPECT_THAT(notJudgedWith(R"([{"program": ["kube-apiserver"]}])"),
                testing::AllOf(testing::Not(testing::Contains("api-server-encryption")),
                               testing::Contains("etcd-client-certificates")));
    EXPECT_THAT(notJudgedWith("[]", "shop"), IsEmpty()) << "it was not asked for";
}

TEST(Auditor, LeavesRoomForOtherChecksWhereOneFindsTooMuch) {
    Auditor auditor(now);
    auto kindOf = [](std::string_view name) { return *std::ranges::find(auditedKinds(), name, &ObjectKind::kind); };
    for (int i = 0; i < 2005; ++i) {
        Json service{{"metadata", {{"name", "s" + std::to_string(i)}, {"namespace", "shop"}}},
                     {"spec", {{"type", "NodePort"}}}};
        auditor.add(kindOf("Service"), service);
    }
    auto open =
        Json::parse(R"({"kind": "ClusterRoleBinding", "role": "ClusterRole/view", "to": ["User/system:anonymous"]})");
    auditor.add(kindOf("ClusterRoleBinding"), whole(open));
    auto findings = auditor.finish();
    EXPECT_THAT(seenBy("node-port", findings), testing::SizeIs(2000));
    EXPECT_THAT(seenBy("binding-anonymous", findings), testing::SizeIs(1));
    EXPECT_EQ(findings.leftOut, 5u);
}

TEST(Auditor, SortsWhatItFindsBySeverity) {
    auto objects = Json::array({{{"container", {{"securityContext", {{"privileged", true}}}}}}});
    auto findings = audited(objects);
    ASSERT_GT(findings.all.size(), 3u);
    EXPECT_TRUE(std::ranges::is_sorted(findings.all, std::ranges::greater(),
                                       [](const Finding& finding) { return finding.check->severity; }));
    EXPECT_EQ(findings.all.front().key(), "privileged-container|Pod|shop|web");
}

TEST(Subject, IsShownAsOneLineThatEnds) {
    Subject made{"Role", "shop", "a|b\n\x1b[31mred"};
    EXPECT_EQ(made.text().find_first_of("\n\x1b"), std::string::npos);
    EXPECT_LE((Subject{"Role", "shop", std::string(5000, 'x')}).text().size(), 600u);
}

TEST(Evidence, IsOneLineWithoutSecretsAndNotEndless) {
    EvidenceList found;
    found.add("metadata.annotations[a\nb]", std::string_view("password=correct-horse \x1b[31mred\xff"));
    found.add("spec", std::string_view(std::string(5000, 'x')));
    ASSERT_EQ(found.kept().size(), 2u);
    EXPECT_EQ(found.kept()[0].path, "metadata.annotations[a b]");
    EXPECT_EQ(found.kept()[0].value.find("correct-horse"), std::string::npos);
    EXPECT_EQ(found.kept()[0].value.find('\x1b'), std::string::npos);
    EXPECT_LE(found.kept()[1].value.size(), 200u);
    for (int i = 0; i < 20; ++i) found.add("spec.containers", std::string_view(std::to_string(i)));
    EXPECT_EQ(found.kept().size() + found.leftOut(), 22u);
    EXPECT_LE(found.kept().size(), 8u);
}

}  // namespace
}  // namespace klaw::security
