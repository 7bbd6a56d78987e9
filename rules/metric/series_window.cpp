#include "rules/metric/series_window.hpp"

#include <algorithm>
#include <limits>

namespace klaw::rules {
namespace {

constexpr double enough = 0.8;  // of the window

}  // namespace

void SeriesWindow::add(double value, TimePoint at, Duration window) {
    if (!readings_.empty() && at <= readings_.back().at) return;
    readings_.push_back({at, value});
    // One reading from before the window stays, so that the window is covered from its beginning.
    while (readings_.size() > 2 && readings_[1].at <= at - window) readings_.pop_front();
    if (readings_.size() > maxReadings) readings_.pop_front();
}

std::vector<double> SeriesWindow::values() const {
    std::vector<double> values;
    for (const auto& reading : readings_) values.push_back(reading.value);
    return values;
}

double SeriesWindow::increase() const {
    double sum = 0;
    for (std::size_t i = 1; i < readings_.size(); ++i) {
        auto step = readings_[i].value - readings_[i - 1].value;
        sum += step >= 0 ? step : readings_[i].value;
    }
    return sum;
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
    return fallPerSecond > 0 ? now / fallPerSecond : std::numeric_limits<double>::infinity();
}

std::optional<double> SeriesWindow::over(SeriesSelector::Function function, Duration window, TimePoint now) const {
    using Function = SeriesSelector::Function;
    if (readings_.empty()) return std::nullopt;
    if (function == Function::Latest) return readings_.back().value;
    auto covered = readings_.back().at - std::max(readings_.front().at, now - window);
    if (readings_.size() < 2 || static_cast<double>(covered.count()) < enough * static_cast<double>(window.count()))
        return std::nullopt;
    auto less = [](const Reading& a, const Reading& b) { return a.value < b.value; };
    switch (function) {
        case Function::Maximum:
            return std::max_element(readings_.begin(), readings_.end(), less)->value;
        case Function::Minimum:
            return std::min_element(readings_.begin(), readings_.end(), less)->value;
        case Function::Average: {
            double sum = 0;
            for (const auto& reading : readings_) sum += reading.value;
            return sum / static_cast<double>(readings_.size());
        }
        case Function::Increase:
            return increase();
        case Function::Rate: {
            std::chrono::duration<double> span = readings_.back().at - readings_.front().at;
            return increase() / span.count();
        }
        case Function::TimeToZero:
            return timeToZero();
        case Function::Latest:
            break;
    }
    return readings_.back().value;
}

}  // namespace klaw::rules
