// Replays a corpus through its target, in every build:
//   fuzz_corpus_test TARGET FOLDER
// Exit code 0: every file went through; 2: wrong usage, or nothing to replay. A finding ends the
// process, after the name of its file.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "fuzz/targets.h"

namespace {

std::string contentOf(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace

int main(int argc, char** argv) {
    const auto* target = argc == 3 ? fuzz::find(argv[1]) : nullptr;
    if (target == nullptr || !std::filesystem::is_directory(argv[2])) {
        std::cerr << "usage: fuzz_corpus_test TARGET FOLDER\n";
        return 2;
    }
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
        std::cout << entry.path().filename().string() << std::endl;
        const std::string bytes = contentOf(entry.path());
        // Every beginning of it too: what is cut off anywhere is the commonest malformed input.
        for (size_t length = 0; length <= bytes.size(); ++length) {
            target->run(std::string_view(bytes).substr(0, length));
        }
        ++files;
    }
    return files > 0 ? 0 : 2;
}
