#pragma once

#include <functional>
#include <string>

#include "notifiers/inbound.hpp"

namespace klaw::notifiers::dingtalk {

/// Whose people userids belong to. In a group that several organisations share, a userid of another one may be written
/// like one of ours.
class Corporation {
public:
    using Learnt = std::function<void(const std::string& id)>;

    /// `configured`: corpId; empty: learnt from the first message, which names the robot's own organisation.
    explicit Corporation(std::string configured) : id_(std::move(configured)), configured_(!id_.empty()) {}

    /// `known`: what was learnt in an earlier life; `learnt` hears of what is learnt in this one.
    void remember(const std::string& known, Learnt learnt) {
        if (id_.empty()) id_ = known;
        learnt_ = std::move(learnt);
    }
    void learn(const std::string& robotCorporation) {
        if (!id_.empty() || robotCorporation.empty()) return;
        id_ = robotCorporation;
        if (learnt_) learnt_(id_);
    }
    /// Somebody of another organisation has no id afterwards: nobody vouches for them. False when that was so. Where it
    /// was configured, a person without an organisation is a stranger as well.
    bool vouchFor(Person& person) const {
        bool ours = person.organisation.empty() ? !configured_ : person.organisation == id_;
        return person.id.empty() || ours || disown(person);
    }
    /// The same for whoever pressed. Unlike a message, a press does not say which organisation the robot is of: before
    /// that is known, nobody vouches for anybody.
    bool vouchForPresser(Person& person) const {
        return person.id.empty() || (id_.empty() ? disown(person) : vouchFor(person));
    }

private:
    bool disown(Person& person) const {
        person.beforeOwnOrganisation = id_.empty();
        person.id.clear();
        return false;
    }

    std::string id_;
    bool configured_;
    Learnt learnt_;
};

}  // namespace klaw::notifiers::dingtalk
