# plan.awk: the order in which dpkg installs the packages of a profile, and what apt calls automatic.
#
#   awk -v folder=FOLDER -v native=amd64 -f plan.awk PROFILE RS= INDEX
#
# PROFILE has "name version architecture" a line, INDEX the stanzas of a mirror. Writes into FOLDER the lists all, essential, early (what
# is pre-depended on) and rest: "name file size" a line; early and rest hold nothing that is in a list before them. And automatic, as
# apt writes extended_states. Exit status 1, with what is missing, where INDEX lacks a package of PROFILE.
FILENAME == ARGV[1] { wanted[$1 " " $2 " " $3] = 1; next }
{ # a stanza of the index
    delete field
    count = split($0, lines, "\n")
    for (i = 1; i <= count; i++)
        if (match(lines[i], /^[A-Za-z0-9-]+: /)) field[substr(lines[i], 1, RLENGTH - 2)] = substr(lines[i], RLENGTH + 1)
    id = field["Package"] " " field["Version"] " " field["Architecture"]
    if (!(id in wanted)) next
    delete wanted[id]
    name = field["Package"]
    names[++total] = name
    line[name] = name " " field["Filename"] " " field["Size"]
    architecture[name] = field["Architecture"] == "all" ? native : field["Architecture"] # as apt writes it
    pre[name] = field["Pre-Depends"]
    depends[name] = field["Depends"]
    essential[name] = field["Essential"] == "yes"
    needed = needed "," field["Pre-Depends"] "," field["Depends"]
    count = split(field["Provides"], lines, ",")
    for (i = 1; i <= count; i++) providers[bare(lines[i])] = providers[bare(lines[i])] "," name
}
function bare(relation) {
    gsub(/^ +| *[(:].*$| +$/, "", relation)
    return relation
}
# Marks the packages named in a relation field, and all they depend on: all alternatives, all that provide a name.
function mark(relations, list,    parts, count, i, name) {
    count = split(relations, parts, /[,|]/)
    for (i = 1; i <= count; i++) {
        name = bare(parts[i])
        if (name in line) {
            if (!(name in taken)) mark_name(name, list)
        } else if (name in providers) mark(providers[name], list)
    }
}
function mark_name(name, list) {
    taken[name] = list
    mark(pre[name], list)
    mark(depends[name], list)
}
END {
    for (id in wanted) { print "the mirror lacks " id; missing = 1 }
    if (missing) exit 1
    for (i = 1; i <= total; i++) if (essential[names[i]] && !(names[i] in taken)) mark_name(names[i], "essential")
    for (i = 1; i <= total; i++) mark(pre[names[i]], "early")
    # What others depend on goes when they go (apt-get autoremove); but modules stay as long as nobody removes them.
    count = split(needed, lines, /[,|]/)
    for (i = 1; i <= count; i++) automatic[bare(lines[i])] = 1
    printf "" > (folder "/early")
    printf "" > (folder "/automatic")
    for (i = 1; i <= total; i++) {
        print line[names[i]] > (folder "/all")
        if (names[i] in automatic && names[i] !~ /^zfs-modules-/)
            print "Package: " names[i] "\nArchitecture: " architecture[names[i]] "\nAuto-Installed: 1\n" > (folder "/automatic")
        print line[names[i]] > (folder "/" (names[i] in taken ? taken[names[i]] : "rest"))
    }
}
