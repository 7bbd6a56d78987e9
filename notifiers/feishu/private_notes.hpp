#pragma once

#include <memory>

#include "notifiers/feishu/app.hpp"
#include "notifiers/private_notes.hpp"

namespace klaw::notifiers::feishu {

/// Messages of the application to a person, withdrawn by `DELETE /open-apis/im/v1/messages/:message_id`.
class PrivateNotes final : public notifiers::PrivateNotes {
public:
    explicit PrivateNotes(std::shared_ptr<App> app) : app_(std::move(app)) {}
    Task<Result<std::string>> send(std::string person, std::string text, std::string key) override;
    Task<Result<void>> recall(std::string ref) override;
    bool dropsRepeats() const override { return true; }

private:
    std::shared_ptr<App> app_;
};

}  // namespace klaw::notifiers::feishu
