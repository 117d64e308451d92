// What the demo of the compile cache compiles: a few lines that take a C++ compiler seconds,
// because std::regex is made of templates.
#include <iostream>
#include <regex>
#include <string>

int main() {
  const std::regex step("step-([0-9]+)/(.+)");
  std::smatch found;
  const std::string key = "step-000042/model.safetensors";
  if (!std::regex_match(key, found, step)) return 1;
  std::cout << "step " << std::stoi(found[1]) << " of " << found[2] << '\n';
}
