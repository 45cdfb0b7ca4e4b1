show_help() { echo "usage: cluster VERB"; }
