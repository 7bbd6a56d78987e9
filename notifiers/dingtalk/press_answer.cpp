#include "notifiers/dingtalk/press_answer.hpp"

#include "notifiers/fit.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

constexpr std::size_t kLongestCard = 8'000;  ///< as ChatOptions::maxBytes

}  // namespace

std::string answerToPress(const CardTemplate& cardTemplate, PressAnswer said,
                          std::string (*write)(const CardParameters& hint, const CardParameters& shown)) {
    auto hint = said.toast.empty() ? CardParameters() : cardTemplate.hint(said.toast);
    if (!said.card) return write(hint, {});
    auto render = [&](const SafeCard& card, const std::vector<Notice>& notices) {
        return write(hint, cardTemplate.render(card, notices, {}));
    };
    return fitBody(SafeCard(std::move(*said.card)), kLongestCard, {}, render).body;
}

}  // namespace klaw::notifiers::dingtalk
