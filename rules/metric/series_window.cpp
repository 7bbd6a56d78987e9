#include "rules/metric/series_window.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace klaw::rules {
namespace {

constexpr int enoughPercent = 80;  // of the window

}  // namespace

bool SeriesWindow::add(double value, TimePoint at) {
    if (!readings_.empty() && at <= readings_.back().at) return false;
    Reading reading{at, isCounter() ? risen(value) : value, isCounter() ? value : 0};
    if (!readings_.empty() && numberOf(readings_.back().at) == numberOf(at)) {
        merge(reading);
        return false;
    }
    readings_.push_back(reading);
    // A gap, such as the time in which nobody looked, covers nothing.
    while (readings_.size() > 1 && readings_.front().at < at - window_ - window_ / 4) readings_.pop_front();
    // One reading from before the window stays, so that the window is covered from its beginning.
    while (readings_.size() > 2 && readings_[1].at <= at - window_) readings_.pop_front();
    return readings_.size() > 1;
}

std::int64_t SeriesWindow::numberOf(TimePoint at) const {
    return at.time_since_epoch() / std::max(window_ / thinned, Duration(1));
}

/// What a counter has come to, as if it had never been reset.
double SeriesWindow::risen(double counter) const {
    if (readings_.empty()) return counter;
    const auto& last = readings_.back();
    return last.value + (counter >= last.counter ? counter - last.counter : counter);
}

void SeriesWindow::merge(const Reading& reading) {
    auto& last = readings_.back();
    last.at = reading.at;
    last.counter = reading.counter;
    ++last.count;
    switch (function_) {
        case Function::Average:
            last.value += (reading.value - last.value) / last.count;
            return;
        case Function::Maximum:
            last.value = std::max(last.value, reading.value);
            return;
        case Function::Minimum:
            last.value = std::min(last.value, reading.value);
            return;
        default:
            last.value = reading.value;
    }
}

std::vector<rules::Reading> SeriesWindow::readings() const {
    std::vector<rules::Reading> readings;
    for (const auto& reading : readings_) readings.push_back({reading.at, reading.value});
    return readings;
}

double SeriesWindow::mean() const {
    double sum = 0, count = 0;
    for (const auto& reading : readings_) {
        sum += reading.value * reading.count;
        count += reading.count;
    }
    return sum / count;
}

/// By the least-squares line through the readings, as Prometheus' predict_linear has it; from the newest one on.
double SeriesWindow::timeToZero() const {
    double meanAge = 0, meanValue = 0, covariance = 0, variance = 0;
    auto age = [&](const Reading& reading) {
        return std::chrono::duration<double>(readings_.back().at - reading.at).count();
    };
    auto count = static_cast<double>(readings_.size());
    for (const auto& reading : readings_) {
        meanAge += age(reading) / count;
        meanValue += reading.value / count;
    }
    for (const auto& reading : readings_) {
        auto distance = age(reading) - meanAge;
        covariance += distance * (reading.value - meanValue);
        variance += distance * distance;
    }
    auto fallPerSecond = variance > 0 ? covariance / variance : 0;
    auto now = meanValue - fallPerSecond * meanAge;
    if (now <= 0) return 0;
    constexpr double rounding = 1e-9;
    bool falls = fallPerSecond * age(readings_.front()) > rounding * std::abs(meanValue);
    return falls ? now / fallPerSecond : std::numeric_limits<double>::infinity();
}

std::optional<TimePoint> SeriesWindow::coveredFrom() const {
    if (readings_.empty()) return std::nullopt;
    return readings_.front().at + window_ / 100 * enoughPercent;
}

std::optional<double> SeriesWindow::over(TimePoint now) const {
    if (readings_.empty()) return std::nullopt;
    auto covered = readings_.back().at - std::max(readings_.front().at, now - window_);
    if (readings_.size() < 2 || covered < window_ / 100 * enoughPercent) return std::nullopt;
    switch (function_) {
        case Function::Maximum:
            return std::ranges::max(readings_, {}, &Reading::value).value;
        case Function::Minimum:
            return std::ranges::min(readings_, {}, &Reading::value).value;
        case Function::Average:
            return mean();
        case Function::Increase:
            return readings_.back().value - readings_.front().value;
        case Function::Rate: {
            std::chrono::duration<double> span = readings_.back().at - readings_.front().at;
            return (readings_.back().value - readings_.front().value) / span.count();
        }
        case Function::TimeToZero:
            return timeToZero();
        case Function::Latest:
            break;
    }
    return readings_.back().value;
}

}  // namespace klaw::rules
