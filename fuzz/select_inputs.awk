# Selects the inputs to keep from the control file of a libFuzzer merge: at each step the input that
# adds the most edges, then the one that adds the most features, then the shortest.
#
#     awk -v limit=50 -f select_inputs.awk CONTROL_FILE
#
# The control file has the number of inputs, a second number, the names of the inputs (shortest
# first), and for each input a line `FT index feature...`. With -set_cover_merge=1 that line lists
# all features of the input. A feature is 8 * edge + a class of its hit count.

NR == 1 { inputs = $1 }
NR >= 3 && NR < 3 + inputs { name[NR - 3] = $0 }
NR >= 3 + inputs && $1 == "FT" { line[$2] = $0 }

# The number of features that input i adds to the covered ones, plus a million for each edge.
function gain(i,    fields, field, k, edge, sum) {
    fields = split(line[i], field, " ")
    visit++
    for (k = 3; k <= fields; k++) {
        edge = int(field[k] / 8)
        if (!(edge in covered_edge) && last_visit[edge] != visit) {
            last_visit[edge] = visit
            sum += 1000000
        }
        if (!(field[k] in covered_feature)) sum++
    }
    return sum
}

function cover(i,    fields, field, k) {
    fields = split(line[i], field, " ")
    for (k = 3; k <= fields; k++) {
        covered_edge[int(field[k] / 8)]
        covered_feature[field[k]]
    }
}

END {
    for (selected = 0; selected < limit; selected++) {
        best_gain = 0
        for (i = 0; i < inputs; i++) {
            if ((this_gain = gain(i)) > best_gain) {
                best_gain = this_gain
                best = i
            }
        }
        if (!best_gain) break
        cover(best)
        print name[best]
    }
}
