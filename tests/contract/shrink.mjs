// Makes a schema smaller as long as `differs` says that it still shows the difference.
export function shrink(schema, differs) {
  for (let smaller = true; smaller; ) {
    smaller = false;
    for (const path of paths(schema)) {
      const tried = structuredClone(schema);
      const last = path.pop();
      const parent = path.reduce((at, step) => at?.[step], tried);
      if (typeof parent !== 'object' || parent === null || !(last in parent)) continue;
      if (Array.isArray(parent)) parent.splice(last, 1);
      else delete parent[last];
      if (differs(tried)) {
        schema = tried;
        smaller = true;
        break;
      }
    }
  }
  return schema;
}

// The outermost ones first.
function paths(value) {
  const found = [];
  for (let level = [[[], value]]; level.length; ) {
    const below = [];
    for (const [path, at] of level) {
      if (typeof at !== 'object' || at === null) continue;
      for (const [name, child] of Object.entries(at)) {
        const step = Array.isArray(at) ? Number(name) : name;
        found.push([...path, step]);
        below.push([[...path, step], child]);
      }
    }
    level = below;
  }
  return found;
}
