// Compares our evaluator with cel-go on the lines that test/cel/differential writes.
//
//   differential … | klaw_cel_agreement
#include <iostream>

#include "test/cel/support/agreement.hpp"

int main() {
    klaw::rules::cel::AgreementCheck check([](std::string_view text) { std::cout << "DIFFERS " << text << "\n"; });
    for (std::string line; std::getline(std::cin, line);) check.read(line);
    const auto& result = check.result();
    for (const auto& [reason, count] : result.byDesign)
        std::cout << "not compared: " << count << ", " << reason << "\n";
    std::cout << "agreement: " << result.agreed << " of " << result.compared << " (" << result.values << " values, "
              << result.compared - result.values - result.refusals << " errors or compiled only, " << result.refusals
              << " refused)\n";
    return result.compared > 0 && result.agreed == result.compared ? 0 : 1;
}
