#pragma once

#include <string>

#include "notifiers/inbound.hpp"

namespace klaw::notifiers::dingtalk {

/// Whose people userids belong to. In a group that several organisations share, a userid of another one may be written
/// like one of ours.
class Corporation {
public:
    /// `configured`: corpId; empty: learnt from the first message, which names the robot's own organisation.
    explicit Corporation(std::string configured) : id_(std::move(configured)), configured_(!id_.empty()) {}

    void learn(const std::string& robotCorporation) {
        if (id_.empty()) id_ = robotCorporation;
    }
    /// Somebody of another organisation has no id afterwards: nobody vouches for them. False when that was so. Where it
    /// was configured, a person without an organisation is a stranger as well.
    bool vouchFor(Person& person) const {
        if (id_.empty() || person.id.empty() || person.organisation == id_) return true;
        if (person.organisation.empty() && !configured_) return true;
        person.id.clear();
        return false;
    }

private:
    std::string id_;
    bool configured_;
};

}  // namespace klaw::notifiers::dingtalk
