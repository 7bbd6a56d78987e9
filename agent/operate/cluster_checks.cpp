#include "agent/operate/cluster_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

using State = Check::State;

constexpr Duration slowAnswer = 1s;
/// kube-scheduler and kube-controller-manager renew theirs every two seconds and lose it after fifteen; clocks differ.
constexpr Duration leaseIsLost = 40s;
constexpr Duration endsSoon = 30 * 24h, endsVerySoon = 7 * 24h;
constexpr double muchRequested = 0.9, muchUsed = 0.85;
constexpr std::size_t mostNames = 5;

std::string firstOf(const std::vector<std::string>& names, std::string_view language) {
    std::string shown;
    for (std::size_t i = 0; i < names.size() && i < mostNames; ++i) shown += (i == 0 ? "" : ", ") + names[i];
    return names.size() > mostNames ? shown + " " + notifiers::andMore(names.size() - mostNames, language) : shown;
}

rules::LocalizedText both(const std::string& text) {
    return {text, text};
}

/// Joins what there is of it: "99 of 100 ready; not ready: node-7".
class Details {
public:
    void add(const std::string& en, const std::string& zh) {
        if (!text_.en.empty()) text_.en += "; ", text_.zh += "；";
        text_.en += en;
        text_.zh += zh;
    }
    void addNames(std::string_view en, std::string_view zh, const std::vector<std::string>& names) {
        if (!names.empty())
            add(fmt::format("{}: {}", en, firstOf(names, "en")), fmt::format("{}：{}", zh, firstOf(names, "zh")));
    }
    rules::LocalizedText take() { return std::move(text_); }

private:
    rules::LocalizedText text_;
};

/// What may not be read, or is not there, is not bad; an API server that fails is.
Check unknown(rules::LocalizedText name, const Error& error) {
    auto shown = error;
    shown.place.clear();  // the cluster, which everybody sees
    return {std::move(name), State::Unknown, both(shown.describe())};
}

Check apiServer(const ClusterFacts& facts) {
    rules::LocalizedText name{"API server", "API Server"};
    if (!facts.readiness) {
        auto check = unknown(std::move(name), facts.readiness.error());
        if (facts.readiness.error().code != ErrorCode::PermissionDenied) check.state = State::Bad;
        return check;
    }
    const auto& ready = *facts.readiness;
    auto took = fmt::format("{} ms", std::chrono::ceil<std::chrono::milliseconds>(ready.latency).count());
    auto version = facts.view.version.empty() ? "" : ", " + facts.view.version;
    Details details;
    details.add("answers in " + took + version, took + " 内应答" + version);
    if (ready.failing.empty() && ready.checks > 0)
        details.add(fmt::format("all {} checks pass", ready.checks), fmt::format("{} 项自检全部通过", ready.checks));
    details.addNames("failing", "自检失败", ready.failing);
    auto state = !ready.failing.empty() ? State::Bad : ready.latency > slowAnswer ? State::Warning : State::Good;
    return {std::move(name), state, details.take()};
}

Check controlPlane(const ClusterFacts& facts) {
    rules::LocalizedText name{"control plane", "控制面"};
    if (!facts.leaders) return unknown(std::move(name), facts.leaders.error());
    Details details;
    auto state = State::Good;
    for (const auto& [part, age] :
         {std::pair("scheduler", facts.leaders->scheduler), {"controller-manager", facts.leaders->controllerManager}}) {
        if (!age) {
            details.add(fmt::format("{} not seen (a provider may hide it)", part),
                        fmt::format("看不到 {}（可能由云厂商托管）", part));
            state = std::max(state, State::Unknown);
            continue;
        }
        auto ago = notifiers::roughly(*age);
        bool lost = *age > leaseIsLost;
        if (lost) state = State::Bad;
        details.add(fmt::format("{} {} {} ago", part, lost ? "last heard of" : "alive", ago),
                    fmt::format("{} {} {} 前", part, lost ? "最后活动于" : "活动于", ago));
    }
    return {std::move(name), state, details.take()};
}

Check nodes(const ClusterFacts& facts) {
    rules::LocalizedText name{"nodes", "节点"};
    if (!facts.nodes) return unknown(std::move(name), facts.nodes.error());
    const auto& known = *facts.nodes;
    auto ready = known.nodes - known.notReady.size();
    Details details;
    details.add(fmt::format("{} of {} ready{}", ready, known.nodes, known.cut ? " (the first of more)" : ""),
                fmt::format("{} / {} 就绪{}", ready, known.nodes, known.cut ? "（仅统计前一部分）" : ""));
    details.addNames("not ready", "未就绪", known.notReady);
    details.addNames("under pressure", "资源紧张", known.underPressure);
    details.addNames("cordoned", "已封锁", known.cordoned);
    auto state = !known.notReady.empty() ? State::Bad : !known.underPressure.empty() ? State::Warning : State::Good;
    return {std::move(name), state, details.take()};
}

bool standsStill(const std::string& workload) {
    return workload.find(" 0/") != std::string::npos;
}

Check workloads(const ClusterFacts& facts) {
    rules::LocalizedText name{"workloads", "工作负载"};
    if (!facts.workloads) return unknown(std::move(name), facts.workloads.error());
    const auto& known = *facts.workloads;
    auto available = known.workloads - known.unavailable.size();
    Details details;
    details.add(fmt::format("{} of {} have all their Pods{}", available, known.workloads,
                            known.cut ? " (the first of more)" : ""),
                fmt::format("{} / {} 副本齐全{}", available, known.workloads, known.cut ? "（仅统计前一部分）" : ""));
    details.addNames("lacking", "副本不足", known.unavailable);
    auto state = std::ranges::any_of(known.unavailable, standsStill) ? State::Bad
                 : !known.unavailable.empty()                        ? State::Warning
                                                                     : State::Good;
    return {std::move(name), state, details.take()};
}

Check pods(const ClusterFacts& facts) {
    rules::LocalizedText name{"Pods", "Pod"};
    if (!facts.pods) return unknown(std::move(name), facts.pods.error());
    Details details;
    details.add(fmt::format("{} in all", facts.pods->pods), fmt::format("共 {} 个", facts.pods->pods));
    std::vector<std::string> states;
    for (const auto& [status, count] : facts.pods->notStarted) states.push_back(fmt::format("{} {}", status, count));
    details.addNames("waiting to start", "等待启动", states);
    return {std::move(name), states.empty() ? State::Good : State::Warning, details.take()};
}

std::string percent(double part, double of) {
    return of > 0 ? fmt::format("{:.0f}%", 100 * part / of) : "-";
}

/// Nothing where neither the metrics-server nor what is watched tells of it.
std::optional<Check> capacity(const ClusterFacts& facts) {
    if (!facts.nodes || (!facts.capacity && !facts.usage)) return std::nullopt;
    Details details;
    double requested = 0, used = 0;
    if (const auto& sum = facts.capacity) {
        details.add(fmt::format("requested: CPU {}, memory {}", percent(sum->cpuRequested, sum->cpu),
                                percent(sum->memoryRequested, sum->memory)),
                    fmt::format("已申请：CPU {}，内存 {}", percent(sum->cpuRequested, sum->cpu),
                                percent(sum->memoryRequested, sum->memory)));
        if (sum->cpu > 0 && sum->memory > 0)
            requested = std::max(sum->cpuRequested / sum->cpu, sum->memoryRequested / sum->memory);
    }
    const auto& all = *facts.nodes;
    if (facts.usage && all.cpu > 0 && all.memory > 0 && !all.cut) {
        auto cpu = percent(facts.usage->cpu, all.cpu), memory = percent(facts.usage->memory, all.memory);
        details.add(fmt::format("used: CPU {}, memory {}", cpu, memory),
                    fmt::format("已使用：CPU {}，内存 {}", cpu, memory));
        used = std::max(facts.usage->cpu / all.cpu, facts.usage->memory / all.memory);
    }
    auto state = requested > muchRequested || used > muchUsed ? State::Warning : State::Good;
    return Check{{"capacity", "容量"}, state, details.take()};
}

/// Nothing without TLS.
std::optional<Check> certificates(const ClusterFacts& facts, TimePoint now) {
    if (!facts.readiness || !facts.readiness->certificateEnds) return std::nullopt;
    auto left = *facts.readiness->certificateEnds - now;
    auto shown = notifiers::roughly(std::max(left, Duration::zero()));
    auto state = left < endsVerySoon ? State::Bad : left < endsSoon ? State::Warning : State::Good;
    return Check{
        {"certificates", "证书"}, state, {"the API server's ends in " + shown, "API Server 证书剩余 " + shown}};
}

Check alerts(const ClusterFacts& facts) {
    auto state = facts.critical > 0 ? State::Bad : facts.warning > 0 ? State::Warning : State::Good;
    return {{"alerts", "告警"},
            state,
            {fmt::format("{} critical, {} other", facts.critical, facts.warning),
             fmt::format("严重 {}，其他 {}", facts.critical, facts.warning)}};
}

std::optional<Check> ownView(const ClusterFacts& facts) {
    if (facts.view.problems.empty()) return std::nullopt;
    Details details;
    for (std::size_t i = 0; i < facts.view.problems.size() && i < mostNames; ++i)
        details.add(facts.view.problems[i], facts.view.problems[i]);
    return Check{{"what Klaw cannot see", "Klaw 未能获取"}, State::Warning, details.take()};
}

}  // namespace

std::vector<Check> checksOf(const ClusterFacts& facts, TimePoint now) {
    std::vector<Check> checks{apiServer(facts)};
    if (!facts.silent())
        for (auto* side : {controlPlane, nodes, workloads, pods}) checks.push_back(side(facts));
    auto add = [&](std::optional<Check> check) {
        if (check) checks.push_back(std::move(*check));
    };
    add(capacity(facts));
    add(certificates(facts, now));
    checks.push_back(alerts(facts));
    add(ownView(facts));
    return checks;
}

Check::State worstOf(const std::vector<Check>& checks) {
    auto worst = State::Good;
    for (const auto& check : checks) worst = std::max(worst, check.state);
    return worst;
}

rules::LocalizedText toText(Check::State state) {
    switch (state) {
        case State::Good:
            return {"ok", "正常"};
        case State::Unknown:
            return {"unknown", "未知"};
        case State::Warning:
            return {"warning", "注意"};
        case State::Bad:
            return {"bad", "异常"};
    }
    return {};
}

}  // namespace klaw::operate
