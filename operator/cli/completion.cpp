#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "cli/command.h"

namespace cli {
namespace {

std::vector<std::string> flagsOf(const CLI::App& app) {
    std::vector<std::string> out;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) {
            out.push_back("--" + name);
        }
        for (const auto& name : option->get_snames()) {
            out.push_back("-" + name);
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) {
        out += (out.empty() ? "" : " ") + word;
    }
    return out;
}

std::vector<const CLI::App*> commandsOf(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string namesOf(const std::vector<const CLI::App*>& commands) {
    std::vector<std::string> names;
    for (const auto* command : commands) {
        names.push_back(command->get_name());
    }
    return joined(names);
}

// What may follow each command, those within others included.
std::string casesOf(const CLI::App& app) {
    std::string out;
    for (const auto* command : commandsOf(app)) {
        auto inner = namesOf(commandsOf(*command));
        out += "            " + command->get_name() + ") words=\"" + inner +
               (inner.empty() ? "" : " ") + joined(flagsOf(*command)) + "\" ;;\n" +
               casesOf(*command);
    }
    return out;
}

// bash and zsh (through its bash emulation) share one function: the words of the command that was
// typed, files after -f.
std::string bashFunction(const CLI::App& app) {
    auto commands = commandsOf(app);
    std::string cases = casesOf(app);
    return "_kubectl_scalableapp() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local words=\"" +
           namesOf(commands) + " " + joined(flagsOf(app)) +
           "\" word\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case $word in\n" +
           cases +
           "        esac\n"
           "    done\n"
           "    case $previous in\n"
           "        -f|--filename|--kubeconfig) COMPREPLY=($(compgen -f -- \"$current\")); return "
           ";;\n"
           "        -o|--output) words=\"text json yaml\" ;;\n"
           "        completion) words=\"bash zsh fish kubectl\" ;;\n"
           "    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
           "}\n";
}

// kubectl asks a program of this kind for the words after `kubectl scalableapp`; the last line says
// whether files come into question as well.
std::string kubectlScript(const CLI::App& app) {
    return "#!/bin/bash\n"
           "# kubectl_complete-scalableapp: put it into the PATH and make it executable.\n" +
           bashFunction(app) +
           "COMP_WORDS=(kubectl-scalableapp \"$@\")\n"
           "COMP_CWORD=$#\n"
           "_kubectl_scalableapp\n"
           "[ ${#COMPREPLY[@]} = 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"\n"
           "case ${COMP_WORDS[COMP_CWORD-1]} in\n"
           "    -f|--filename|--kubeconfig) echo :0 ;;\n"
           "    *) echo :4 ;;\n"
           "esac\n";
}

std::string fishScript(const CLI::App& app) {
    std::string out = std::string("complete -c ") + kProgram + " -f\n";
    auto commands = commandsOf(app);
    std::string names = namesOf(commands);
    for (const auto* command : commands) {
        out += std::string("complete -c ") + kProgram + " -n 'not __fish_seen_subcommand_from " +
               names + "' -a " + command->get_name() + " -d '" + command->get_description() + "'\n";
        for (const auto* inner : commandsOf(*command)) {
            out += std::string("complete -c ") + kProgram + " -n '__fish_seen_subcommand_from " +
                   command->get_name() + "' -a " + inner->get_name() + " -d '" +
                   inner->get_description() + "'\n";
        }
        for (const auto* option : command->get_options()) {
            for (const auto& name : option->get_lnames()) {
                out += std::string("complete -c ") + kProgram +
                       " -n '__fish_seen_subcommand_from " + command->get_name() + "' -l " + name +
                       (name == "filename" || name == "kubeconfig" ? " -r -F" : "") + "\n";
            }
        }
    }
    return out;
}

}  // namespace

std::string completionScript(const CLI::App& app, const std::string& shell) {
    if (shell == "fish") {
        return fishScript(app);
    }
    if (shell == "kubectl") {
        return kubectlScript(app);
    }
    std::string complete = std::string("complete -F _kubectl_scalableapp ") + kProgram + "\n";
    if (shell == "zsh") {
        return "autoload -U +X bashcompinit && bashcompinit\n" + bashFunction(app) + complete;
    }
    return bashFunction(app) + complete;
}

}  // namespace cli
