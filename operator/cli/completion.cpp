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

std::string quoted(const std::string& text) {
    std::string out;
    for (char c : text) {
        out += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    }
    return "'" + out + "'";
}

// `when`: a condition of fish; empty: always.
std::string fishLine(const std::string& when, const std::string& what) {
    return std::string("complete -c ") + kProgram + (when.empty() ? "" : " -n " + quoted(when)) +
           what + "\n";
}

std::string fishOptions(const CLI::App& command, const std::string& when) {
    std::string out;
    for (const auto* option : command.get_options()) {
        std::string names;
        for (const auto& name : option->get_snames()) {
            names += " -s " + name;
        }
        for (const auto& name : option->get_lnames()) {
            names += " -l " + name;
            names += name == "filename" || name == "kubeconfig" ? " -r -F" : "";
        }
        out += names.empty() ? "" : fishLine(when, names);
    }
    return out;
}

// Each command where none beside it is typed yet, and behind it what is its own.
std::string fishCommands(const CLI::App& app, const std::string& when) {
    auto commands = commandsOf(app);
    std::string before = when.empty() ? "" : when + "; and ";
    std::string seen = "__fish_seen_subcommand_from ";
    std::string out = fishOptions(app, when);
    for (const auto* command : commands) {
        out +=
            fishLine(before + "not " + seen + namesOf(commands),
                     " -a " + command->get_name() + " -d " + quoted(command->get_description())) +
            fishCommands(*command, before + seen + command->get_name());
    }
    return out;
}

std::string fishScript(const CLI::App& app) {
    return fishLine("", " -f") + fishCommands(app, "");
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
