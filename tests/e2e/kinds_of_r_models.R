# Trains one model of each kind, saves it with the R package, and writes what R itself predicts.
# Usage: Rscript --vanilla kinds_of_r_models.R FOLDER
#
# Per kind a model folder, and beside it KIND.json: the rows, and the predictions for all of them and for the
# first one alone. Doubles are written as texts in hexadecimal, to the bit.
suppressPackageStartupMessages({
  library(crateflow)
  library(mgcv)
  library(survival)
})
options(keep.source = FALSE)
set.seed(1)
Sys.setenv(TZ = "UTC") # some packages ask the system for it otherwise
folder <- commandArgs(TRUE)[[1L]]
flowers <- iris[c(1:5, 51:55, 101:105), 1:4]
cars <- head(mtcars, 12)
rownames(cars) <- NULL

exact <- function(x) {
  if (is.factor(x)) x <- as.character(x)
  if (is.double(x)) ifelse(is.na(x), NA, sprintf("%a", x)) else x
}

# What a caller is to get: records for what has named columns, else one value or list per row.
plain <- function(x) {
  if (is.matrix(x) && ncol(x) == 1L) x <- as.vector(x)
  if (is.matrix(x) && !is.null(colnames(x))) x <- as.data.frame(x, optional = TRUE)
  if (is.data.frame(x)) {
    x <- lapply(x, exact)
    return(lapply(seq_along(x[[1L]]), function(at) lapply(x, function(column) column[[at]])))
  }
  if (is.matrix(x)) {
    return(lapply(seq_len(nrow(x)), function(at) as.list(exact(x[at, ]))))
  }
  if (is.list(x)) {
    return(lapply(x, plain))
  }
  as.list(unname(exact(x)))
}

keep <- function(kind, predictor, rows, ..., expected = predictor) {
  mlflow_save_model(predictor, file.path(folder, kind), ..., input_example = rows, dry_run = FALSE)
  answers <- list(
    columns = as.list(names(rows)),
    rows = lapply(seq_len(nrow(rows)), function(at) lapply(unname(as.list(rows[at, , drop = FALSE])), exact)),
    many = plain(expected(rows)),
    one = plain(expected(rows[1L, , drop = FALSE]))
  )
  file <- file.path(folder, paste0(kind, ".json"))
  writeLines(jsonlite::toJSON(answers, auto_unbox = TRUE, na = "null"), file)
}

simple <- function(model) crate(function(x) stats::predict(model, x), model = model)

keep("lm", simple(lm(Sepal.Width ~ Sepal.Length + Petal.Length, iris)), flowers)
keep(
  "glm",
  crate(
    function(x) stats::predict(model, x, type = "response"),
    model = glm(am ~ wt, binomial, mtcars)
  ),
  cars["wt"]
)
keep("nls", simple(nls(mpg ~ a * exp(b * wt), mtcars, start = list(a = 50, b = -0.3))), cars["wt"])
keep("loess", simple(loess(mpg ~ wt, mtcars)), cars["wt"])
keep(
  "gam",
  crate(function(x) as.vector(mgcv::predict.gam(model, x)), model = gam(mpg ~ s(wt), data = mtcars)),
  cars["wt"]
)
sleep <- lme4::sleepstudy
keep(
  "lme4",
  crate(
    function(x) stats::predict(model, x),
    model = lme4::lmer(Reaction ~ Days + (Days | Subject), sleep)
  ),
  head(sleep[c("Days", "Subject")]),
  packages = "lme4"
)
tree <- rpart::rpart(Species ~ ., iris)
keep("rpart-class", crate(function(x) stats::predict(model, x, type = "class"), model = tree), flowers)
keep("rpart-prob", crate(function(x) stats::predict(model, x, type = "prob"), model = tree), flowers)
keep(
  "ranger",
  crate(
    function(x) stats::predict(model, x, num.threads = 1)$predictions,
    model = ranger::ranger(Species ~ ., iris, num.trees = 20, probability = TRUE, num.threads = 1)
  ),
  flowers
)
keep(
  "randomForest",
  crate(
    function(x) stats::predict(model, x, type = "prob"),
    model = randomForest::randomForest(Species ~ ., iris, ntree = 20)
  ),
  flowers
)
keep(
  "glmnet",
  crate(
    function(x) stats::predict(model, as.matrix(x), s = 0.1),
    model = glmnet::glmnet(as.matrix(mtcars[c("wt", "hp", "qsec")]), mtcars$mpg)
  ),
  cars[c("wt", "hp", "qsec")]
)
keep("svm", simple(e1071::svm(Species ~ ., iris)), flowers)
keep("nnet", simple(nnet::nnet(Sepal.Width ~ ., iris[1:4], size = 2, linout = TRUE, trace = FALSE)), flowers)
many_classes <- nnet::multinom(Species ~ Sepal.Length, iris, trace = FALSE)
keep(
  "multinom",
  crate(function(x) stats::predict(model, x, type = "probs"), model = many_classes),
  flowers["Sepal.Length"],
  # For a single row R drops the matrix; callers get the shape they always get.
  expected = function(x) {
    found <- predict(many_classes, x, type = "probs")
    if (is.matrix(found)) found else t(found)
  }
)
keep(
  "lda",
  crate(function(x) stats::predict(model, x)$class, model = MASS::lda(Species ~ ., iris)),
  flowers
)
keep(
  "coxph",
  crate(
    function(x) stats::predict(model, x, type = "risk"),
    model = coxph(Surv(time, status) ~ age + sex, lung)
  ),
  head(lung[c("age", "sex")], 8)
)
keep(
  "arima",
  crate(
    function(x) {
      ahead <- stats::predict(model, n.ahead = x$months)
      data.frame(mean = as.vector(ahead$pred), se = as.vector(ahead$se))
    },
    model = arima(lh, order = c(1, 0, 0))
  ),
  data.frame(months = 5L),
  batchable = FALSE
)
keep(
  "caret",
  crate(
    function(x) caret::predict.train(model, x),
    model = caret::train(
      Sepal.Width ~ ., iris[1:4], "lm",
      trControl = caret::trainControl(method = "none")
    )
  ),
  flowers
)
steps <- recipes::recipe(Sepal.Width ~ ., iris[1:4])
steps <- recipes::prep(recipes::step_normalize(steps, recipes::all_predictors()))
keep(
  "recipe",
  crate(
    function(x) stats::predict(model, recipes::bake(steps, x, recipes::all_predictors())),
    steps = steps,
    model = lm(Sepal.Width ~ ., recipes::bake(steps, iris))
  ),
  flowers[c("Sepal.Length", "Petal.Length", "Petal.Width")]
)
keep(
  "text",
  crate(
    function(x) unname(weights[match(tolower(x$word), names(weights))]),
    weights = c(good = 1.5, bad = -0.1, "\u00e9t\u00e9" = 1 / 3)
  ),
  data.frame(word = c("Good", "bad", "\u00e9t\u00e9", "neither"))
)
keep(
  "frames",
  crate(
    function(x) list(doubled = data.frame(x = x$x * 2), rooted = data.frame(x = sqrt(x$x), name = "root"))
  ),
  data.frame(x = c(0.1, 2, 3)),
  # Parts with a row for each row are columns side by side.
  expected = function(x) data.frame(doubled.x = x$x * 2, rooted.x = sqrt(x$x), rooted.name = "root")
)
outputs <- lm(cbind(mpg, qsec) ~ wt, mtcars)
keep("matrix", simple(outputs), cars["wt"])
keep("bare-matrix", crate(function(x) unname(stats::predict(model, x)), model = outputs), cars["wt"])
