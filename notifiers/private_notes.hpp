#pragma once

#include <string>

#include "base/async/task.hpp"
#include "base/result.hpp"

namespace klaw::notifiers {

/// Texts that one person sees, in their own conversation with the application, and that are taken back later. They go
/// out as they are: nothing is masked, stored or logged. On the loop thread.
class PrivateNotes {
public:
    virtual ~PrivateNotes() = default;
    /// What recall() needs. `person`: the platform's id of theirs. `key`: unique per note. Error codes as of Notifier,
    /// in words of our own: the platform's may quote the text.
    virtual Task<Result<std::string>> send(std::string person, std::string text, std::string key) = 0;
    /// Takes it back from the conversation. One that is gone already counts as taken back where the platform says so.
    /// OutcomeUnknown when it does not say what became of it.
    virtual Task<Result<void>> recall(std::string ref) = 0;
    /// Whether sending with a key again, within an hour, only tells the `ref` of the first one.
    virtual bool dropsRepeats() const = 0;
};

/// What may be told of a call that carried such a text and failed: an answer may quote it, escaped, cut or encoded.
inline Error withoutQuotes(const Error& error) {
    Error plain(error.code, "the platform did not take the message (" + std::string(toString(error.code)) + ")");
    plain.retry = error.retry;
    return plain;
}

}  // namespace klaw::notifiers
