#pragma once

#include "rules/alert.hpp"

namespace klaw::rules {

/// An alert that another system has decided on, such as Alertmanager. Its `origin` is set; its fingerprint is given by
/// the engine.
struct ReceivedAlert {
    bool firing = true;
    Alert alert;
};

}  // namespace klaw::rules
