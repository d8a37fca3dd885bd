/** The scripts that make a shell ask `koji complete -- WORDS`, which prints `VALUE<Tab>MEANING` lines, or `:files`, `:folders`. */

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

/** bash(1), "Programmable Completion". */
const BASH = `# Completion of koji for bash. In ~/.bashrc: eval "$(koji completion bash)"
_koji() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default 2>/dev/null ;;
      :folders) compopt -o dirnames 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]/#\\~/$HOME}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _koji koji
`;

/** zshcompsys(1), "Completion Functions": \`_describe\` takes VALUE:MEANING. */
const ZSH = `#compdef koji
# Completion of koji for zsh. In ~/.zshrc, after compinit: source <(koji completion zsh)
_koji() {
  local line
  local -a described
  for line in "\${(@f)$("\${(Q)words[1]/#\\~/$HOME}" complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files; return ;;
      :folders) _files -/; return ;;
      ?*) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  _describe -t values koji described
}
if [ "$funcstack[1]" = _koji ]; then _koji "$@"; else compdef _koji koji; fi
`;

/** https://fishshell.com/docs/current/completions.html */
const FISH = `# Completion of koji for fish: koji completion fish > ~/.config/fish/completions/koji.fish
function __koji_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines ($program complete -- $words "$current" 2>/dev/null)
    switch "$lines[1]"
        case ':files'
            __fish_complete_path "$current"
        case ':folders'
            __fish_complete_directories "$current"
        case '*'
            printf '%s\\n' $lines
    end
end
complete -c koji -f -a '(__koji_complete)'
`;

/** about_Register-ArgumentCompleter; older versions drop empty arguments of programs, so an empty word is sent as two quotes. */
const POWERSHELL = `# Completion of koji for PowerShell. In $PROFILE: koji completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName koji -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $given = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $current = if ($wordToComplete) { $wordToComplete } else { '""' }
    & $commandAst.CommandElements[0].ToString() complete -- @given $current 2>$null |
        Where-Object { -not $_.StartsWith(':') } | ForEach-Object {
            $value, $meaning = $_ -split "\`t", 2
            if (-not $meaning) { $meaning = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $meaning)
        }
}
`;

export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
  powershell: POWERSHELL,
};
