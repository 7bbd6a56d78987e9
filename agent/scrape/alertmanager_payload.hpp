#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rules/received_alert.hpp"

namespace klaw::scrape {

/// What Alertmanager's webhook sends, version 4
/// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config), as alerts of `cluster` unless they carry
/// a label of that name. Objects and owners are named as the labels do, without uids. InvalidArgument for anything
/// else; texts are cut to what a card may hold.
Result<std::vector<rules::ReceivedAlert>> readAlertmanagerPayload(std::string_view body, std::string_view cluster);

/// The object that the usual labels name: a Pod, a workload or a node; without a name where they name none.
rules::ObjectRef objectOfLabels(std::string_view cluster, const rules::Labels& labels);

}  // namespace klaw::scrape
