# Makes the crates that the tests of rbridge load: Rscript --vanilla crates.R FOLDER
# One file per crate, as the official R client writes them: saveRDS(serialize(crate, NULL), file).

folder <- commandArgs(TRUE)[[1L]]
options(keep.source = FALSE)
set.seed(1)

crate <- function(.fn, ...) {
  environment(.fn) <- list2env(list(...), parent = baseenv())
  structure(.fn, class = "crate")
}

write_crate <- function(name, crate, version = NULL, ...) {
  bytes <- serialize(crate, NULL, version = version, ...)
  saveRDS(bytes, file.path(folder, paste0(name, ".bin")), version = version)
}

# --- Plain functions -----------------------------------------------------------------------------------

write_crate("identity", crate(function(x, ...) x))
write_crate("run", crate(function(x, code) eval(parse(text = code, encoding = "UTF-8")[[1L]])))
write_crate("formula", crate(function(..., .x = ..1, .y = ..2, . = ..1) .x * 2))
write_crate("scaled", crate(function(x, by = 1, offset = 0) x[[1L]] * by + offset))
write_crate("compiled", crate(compiler::cmpfun(function(x) {
  total <- 0
  for (value in 1:10) total <- total + value
  x[[1L]] + total
}), numbers = 1:1000, helper = compiler::cmpfun(function(y) lapply(y, function(z) z + 1))))

# Sees the search path, so that code without package names works.
attached <- crate(function(x) rep(is.list(rpart.control()), nrow(x)))
environment(attached) <- new.env(parent = globalenv())
write_crate("attached", attached)

# --- Models --------------------------------------------------------------------------------------------

ask <- function(x) stats::predict(model, x)
width <- Sepal.Width ~ Sepal.Length
write_crate("lm", crate(ask, model = lm(width, iris)))
write_crate("lm_interval", crate(
  function(x) stats::predict(model, x, interval = "confidence"), model = lm(width, iris)
))
write_crate("glm", crate(
  function(x) stats::predict(model, x, type = "response"),
  model = glm(I(Petal.Width > 1) ~ Sepal.Length, binomial, iris)
))
write_crate("loess", crate(ask, model = loess(width, iris)))
write_crate("nls", crate(ask, model = nls(Sepal.Width ~ a + b * Sepal.Length, iris, start = list(a = 1, b = 0))))
write_crate("prcomp", crate(ask, model = prcomp(iris[1:4])))
write_crate("arima", crate(
  function(x) stats::predict(model, n.ahead = 2L), model = arima(lh, order = c(1, 0, 0))
))
write_crate("gam", crate(ask, model = mgcv::gam(Sepal.Width ~ s(Sepal.Length), data = iris)))
write_crate("rpart", crate(ask, model = rpart::rpart(Species ~ ., iris)))
write_crate("rpart_class", crate(
  function(x) stats::predict(model, x, type = "class"), model = rpart::rpart(Species ~ ., iris)
))
write_crate("ranger", crate(ask, model = ranger::ranger(Species ~ ., iris, num.trees = 20, num.threads = 1)))
write_crate("ranger_probability", crate(
  ask, model = ranger::ranger(Species ~ ., iris, num.trees = 20, num.threads = 1, probability = TRUE)
))
write_crate("randomForest", crate(ask, model = randomForest::randomForest(Species ~ ., iris, ntree = 20)))
write_crate("randomForest_votes", crate(
  function(x) stats::predict(model, x, type = "prob"),
  model = randomForest::randomForest(Species ~ ., iris, ntree = 20)
))
write_crate("glmnet", crate(
  function(x) stats::predict(model, as.matrix(x), s = 0.01),
  model = glmnet::glmnet(as.matrix(iris[2:4]), iris[[1L]])
))
write_crate("glmnet_multinomial", crate(
  function(x) stats::predict(model, as.matrix(x), s = 0.01, type = "response"),
  model = glmnet::glmnet(as.matrix(iris[1:4]), iris$Species, family = "multinomial")
))
write_crate("glmnet_class", crate(
  function(x) stats::predict(model, as.matrix(x), s = 0.01, type = "class"),
  model = glmnet::glmnet(as.matrix(iris[1:4]), iris$Species, family = "multinomial")
))
write_crate("nnet", crate(ask, model = nnet::nnet(width, iris, size = 2, linout = TRUE, trace = FALSE)))
write_crate("multinom", crate(ask, model = nnet::multinom(Species ~ Sepal.Length, iris, trace = FALSE)))
write_crate("lda", crate(ask, model = MASS::lda(Species ~ ., iris)))
write_crate("polr", crate(ask, model = MASS::polr(Species ~ Sepal.Length, iris)))
write_crate("coxph", crate(
  ask, model = survival::coxph(survival::Surv(time, status) ~ age, survival::lung)
))

# Trained on factors with names and levels beyond ASCII.
people <- data.frame(
  "pr\u00e9nom" = factor(rep(c("caf\u00e9", "na\u00efve", "plain"), 20)), when = as.Date("2024-01-01") + 0:59,
  check.names = FALSE
)
people$target <- as.integer(people[[1L]]) * 10 + as.numeric(people$when) / 1e4
write_crate("factors", crate(ask, model = lm(target ~ ., people)))
write_crate("factor_forest", crate(
  ask, model = randomForest::randomForest(target ~ ., people[-2L], ntree = 10)
))

# What their models say of columns.
flowers <- transform(iris, Kind = as.character(Species), Size = factor(Petal.Width > 1, labels = c("low", "high")))
write_crate("columns_lm", crate(
  ask, model = local({
    degree <- 2
    lm(Sepal.Width ~ poly(Sepal.Length, degree) + Kind + Size, flowers)
  })
))
write_crate("columns_glm", crate(
  function(x) round(stats::predict(model, newdata = x, type = "response"), 3),
  model = glm(I(Petal.Width > 1) ~ Sepal.Width + Species, binomial, transform(iris, Sepal.Width = rev(Sepal.Width)))
))
# Factors that are made of columns, or of several, by the formula itself.
cars <- transform(mtcars, make = substr(rownames(mtcars), 1L, 4L), gears = factor(gear), shape = c("v", "s")[vs + 1L])
write_crate("terms_lm", crate(ask, model = lm(mpg ~ factor(cyl) + wt, cars)))
write_crate("terms_glm", crate(
  function(x) stats::predict(model, x, type = "response"),
  model = glm(carb ~ as.factor(gear) + interaction(shape, am), poisson, cars)
))
write_crate("terms_multinom", crate(ask, model = nnet::multinom(gears ~ shape + factor(cyl), cars, trace = FALSE)))
write_crate("terms_lda", crate(
  function(x) stats::predict(model, x)$class, model = MASS::lda(gears ~ shape + factor(cyl), cars)
))
write_crate("terms_rpart", crate(ask, model = rpart::rpart(mpg ~ as.character(cyl) + wt, cars)))
write_crate("terms_many", crate(ask, model = lm(mpg ~ factor(round(qsec, 1)), cars)))
write_crate("columns_rpart", crate(ask, model = rpart::rpart(Sepal.Width ~ Size + Petal.Length, flowers)))
write_crate("columns_forest", crate(
  ask, model = randomForest::randomForest(flowers[c("Size", "Petal.Length")], flowers$Sepal.Width, ntree = 10)
))
write_crate("columns_ranger", crate(ask, model = ranger::ranger(
  Sepal.Width ~ Size + Petal.Length, flowers, num.trees = 10, num.threads = 1, respect.unordered.factors = "order"
)))
write_crate("columns_ranger_numbers", crate(
  ask, model = ranger::ranger(Sepal.Width ~ Size + Petal.Length, flowers, num.trees = 10, num.threads = 1)
))
write_crate("columns_computed", crate(function(x) {
  x$Sepal.Length <- x$inches * 2.54
  stats::predict(model, x)
}, model = lm(width, iris)))
# Of packages that need not be installed: what their objects look like, and no more.
write_crate("columns_workflow", crate(ask, model = structure(
  list(pre = list(mold = list(blueprint = list(ptypes = list(predictors = flowers[0L, c("Size", "Petal.Length")]))))),
  class = "workflow"
)))
write_crate("columns_parsnip", crate(ask, model = structure(
  list(preproc = list(terms = terms(Sepal.Width ~ Size + Petal.Length), xlevels = list(Size = c("low", "high")))),
  class = c("_lm", "model_fit")
)))
write_crate("columns_train", crate(ask, model = structure(
  list(trainingData = cbind(flowers[c("Size", "Petal.Length")], .outcome = flowers$Sepal.Width)),
  class = "train"
)))

# --- Other forms of the file ----------------------------------------------------------------------------

linear <- crate(ask, model = lm(width, iris))
write_crate("version2", linear, version = 2)
write_crate("native", linear, xdr = FALSE)
saveRDS(linear, file.path(folder, "plain.bin"))
saveRDS(serialize(linear, NULL), file.path(folder, "xz.bin"), compress = "xz")
saveRDS(serialize(linear, NULL), file.path(folder, "bzip2.bin"), compress = "bzip2")
saveRDS(serialize(linear, NULL), file.path(folder, "uncompressed.bin"), compress = FALSE)

# --- Bad ones -------------------------------------------------------------------------------------------

write_crate("missing_package", crate(function(x) absentpackage::forecast(x)))
write_crate("missing_function", crate(function(x) predict(model, x), model = lm(width, iris)))
saveRDS(serialize(lm(width, iris), NULL), file.path(folder, "no_function.bin"))
saveRDS(1:3, file.path(folder, "no_crate.bin"))
saveRDS(linear, file.path(folder, "ascii.bin"), ascii = TRUE)
