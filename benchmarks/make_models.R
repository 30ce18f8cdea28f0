# Models to be scored, as crates in MLflow's form, and rows with R's own predictions for them.
#
#   Rscript make_models.R FOLDER MEGABYTES
#
# Makes lm, ranger500 and big (an lm beside so many megabytes), and cases.json.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[[1]]

save_crate <- function(predict, name, ...) {
  environment(predict) <- list2env(list(...), parent = baseenv())
  dir.create(file.path(folder, name))
  saveRDS(serialize(structure(predict, class = "crate"), NULL), file.path(folder, name, "crate.bin"), compress = FALSE)
  writeLines("flavors: {crate: {version: 0.1.0, model: crate.bin}}", file.path(folder, name, "MLmodel"))
}

features <- function(n) {
  as.data.frame(matrix(round(runif(8 * n), 6), n, dimnames = list(NULL, paste0("x", 1:8))))
}

set.seed(1)
train <- features(4000)
train$y <- with(train, 3 * x1 - 2 * x2 + x3 * x4 + sin(6 * x5)) + rnorm(4000, sd = 0.1)
linear <- lm(y ~ ., train)
forest <- ranger::ranger(y ~ ., train, num.trees = 500, num.threads = 1)

save_crate(function(x) as.numeric(stats::predict(model, x)), "lm", model = linear)
save_crate(function(x) stats::predict(model, x, num.threads = 1)$predictions, "ranger500", model = forest)
save_crate(function(x) as.numeric(stats::predict(model, x)), "big",
  model = linear, ballast = runif(as.numeric(arguments[[2]]) * 131072)
)

cases <- features(10000)
answers <- list(lm = as.numeric(predict(linear, cases)),
                ranger500 = predict(forest, cases, num.threads = 1)$predictions)
answers$big <- answers$lm
writeLines(
  jsonlite::toJSON(list(names = names(cases), rows = as.matrix(cases), answers = answers), digits = NA),
  file.path(folder, "cases.json")
)
