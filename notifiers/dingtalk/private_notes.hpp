#pragma once

#include <memory>

#include "notifiers/dingtalk/app.hpp"
#include "notifiers/private_notes.hpp"

namespace klaw::notifiers::dingtalk {

/// Messages of the robot to a person, withdrawn by `POST /v1.0/robot/otoMessages/batchRecall`. The platform drops no
/// repeats.
class PrivateNotes final : public notifiers::PrivateNotes {
public:
    explicit PrivateNotes(std::shared_ptr<App> app) : app_(std::move(app)) {}
    Task<Result<std::string>> send(std::string person, std::string text, std::string key) override;
    Task<Result<void>> recall(std::string ref) override;
    bool dropsRepeats() const override { return false; }

private:
    std::shared_ptr<App> app_;
};

}  // namespace klaw::notifiers::dingtalk
