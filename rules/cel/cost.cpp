#include "rules/cel/cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {
namespace {

struct Estimate {
    double steps = 0;
    double size = assumedSize;  ///< of the result, where it is a list or a map
};

/// Adds up what the parts cost, each as often as it is evaluated; looks at each node once.
class Estimator {
public:
    Estimate of(const Node& node) {
        std::vector<Estimate> parts;
        Estimate whole{1, assumedSize};
        for (const auto& argument : node.args) whole.steps += parts.emplace_back(of(*argument)).steps;
        switch (node.op) {
            case Op::List:
                whole.size = static_cast<double>(parts.size());
                break;
            case Op::Map:
                whole.size = static_cast<double>(parts.size()) / 2;
                break;
            case Op::Conditional:
                whole.size = std::max(parts[1].size, parts[2].size);
                break;
            case Op::Comprehension:
                return comprehension(node, parts);
            case Op::Binary:
                addBinary(node, parts, whole);
                break;
            case Op::Call:
                addCall(node, parts, whole);
                break;
            default:
                break;
        }
        return whole;
    }

    const Node* costliest() const { return costliest_; }

private:
    Estimate comprehension(const Node& node, const std::vector<Estimate>& parts) {
        bool once = node.macro == Macro::OptMap || node.macro == Macro::OptFlatMap || node.macro == Macro::Bind;
        double body = 1;
        for (std::size_t i = 1; i < parts.size(); ++i) body += parts[i].steps;
        auto cost = parts[0].steps + (once ? 1 : parts[0].size) * body;
        if (cost > most_) {
            most_ = cost;
            costliest_ = &node;
        }
        return {cost, once ? parts.back().size : parts[0].size};
    }

    static void addBinary(const Node& node, const std::vector<Estimate>& parts, Estimate& whole) {
        if (node.binary == BinaryOp::Add) whole.size = parts[0].size + parts[1].size;
        if (node.binary == BinaryOp::In) whole.steps += parts[1].size;
    }

    /// A call looks at its receiver once; what it makes of it is as long at most.
    static void addCall(const Node& node, const std::vector<Estimate>& parts, Estimate& whole) {
        if (parts.empty()) return;
        whole.size = std::max(parts[0].size, 1.0);
        const auto& first = *node.args.front();
        bool counted = first.op == Op::Constant && first.constant.kind() == Kind::Int;
        if (node.name == "lists.range" && counted)
            whole.size = std::max(0.0, static_cast<double>(first.constant.intValue()));
        if (node.name == "flatten") whole.size *= assumedSize;
        whole.steps += whole.size;
    }

    double most_ = 0;
    const Node* costliest_ = nullptr;
};

}  // namespace

Result<void> checkCost(const Node& root) {
    Estimator estimator;
    auto cost = estimator.of(root).steps;
    if (cost <= Meter::budget) return {};
    const auto& at = estimator.costliest() ? estimator.costliest()->at : root.at;
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("estimated cost {:.0f} exceeds the limit of {} (lists and maps are taken to have {:.0f} elements)",
                    cost, Meter::budget, assumedSize),
        at.toString(), "nest fewer macros over lists, or make several rules of it");
}

}  // namespace klaw::rules::cel
